"""Ingest, plan, publish and rollback."""
