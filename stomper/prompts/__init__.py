"""What agents that read are told."""
