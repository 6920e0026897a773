"""Workbooks of communes in, official OCOP reports out. The map of the rooms is in README.md."""
