"""Stubs of the REST APIs of GitHub and GitLab, which hold every request to the published schemas."""
