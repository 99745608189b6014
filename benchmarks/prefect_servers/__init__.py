"""Real Prefect servers on the loopback interface, for measurements and for tests."""
