"""Landing by pull requests: the fixes of a campaign on branches of its own, proposed and kept up to date."""
