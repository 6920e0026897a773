"""A small register as published tables: three communes of Lâm Đồng, before and after the map of 01/07/2025."""

from collections.abc import Iterator, Mapping
from typing import Any

import duckdb
import pytest

from ocop_pipeline.warehouse.connection import rows_reader
from tests.register_tables import Register, fill


@pytest.fixture
def register() -> Register:
    """An empty register to be filled by a test."""
    return Register()


@pytest.fixture
def rows(register: Register) -> Iterator[Any]:
    """Reads the register once the test has filled it: call it for a reader."""
    with duckdb.connect() as connection:

        def opened(**more: list[Mapping[str, Any]]) -> Any:
            fill(connection, register, more)
            return rows_reader(connection)

        yield opened
