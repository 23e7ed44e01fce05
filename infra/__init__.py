"""Images, local stack, deployment and monitoring."""
