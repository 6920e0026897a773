"""The door through which a report reads the published tables.

Here: what a query is. Not here: any query, and which engine answers.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

Query = Callable[[str, Sequence[Any]], Sequence[Mapping[str, Any]]]
"""A SELECT with `?` places and their values in; rows as mappings by column name out."""
