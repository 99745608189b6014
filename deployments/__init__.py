"""Setting up what Stomper runs on: limits, the embedded server, deployments."""
