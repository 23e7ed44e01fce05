"""Airflow on this machine for one shop: what `make run` starts."""
