"""What the three DAGs share: assets, defaults, jobs to operators."""
