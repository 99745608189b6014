"""Pull requests at GitHub and GitLab."""
