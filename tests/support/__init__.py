"""What the tests are helped by: repositories, runs, servers, agents."""
