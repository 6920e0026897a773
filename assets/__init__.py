"""Dagster assets: wiring, no thinking."""
