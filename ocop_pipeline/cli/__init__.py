"""The `ocop` command. Thin: every command calls functions of the rooms below and prints what they give.

Exit codes: 0 fine, 1 findings (something was returned, is missing or failed), 2 usage or configuration.
Rooms that take long to import (Dagster, Great Expectations) are imported by the command that needs them.
"""

from ocop_pipeline.cli.app import main

__all__ = ["main"]
