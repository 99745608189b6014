"""The forges: GitHub and GitLab."""
