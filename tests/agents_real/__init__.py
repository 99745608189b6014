"""The real coding agents, driven against the model of the tests: `make agents-test`."""
