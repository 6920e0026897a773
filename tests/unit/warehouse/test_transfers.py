"""What the lists of transfers make one: products, and producers who go to another commune with them."""

from datetime import date

import duckdb
import pytest

from ocop_pipeline.warehouse.register import transfers
from tests.source_tables import make_table

_MOVED = date(2026, 5, 1)


class Lists:
    """Lines of registers and lists, one after the other."""

    def __init__(self):
        self.listings, self.rows, self.events = [], [], []

    def line(self, product, producer, unit, decided=None, **moved):
        """List a product; `moved` has the new commune, the new producer or both."""
        key = {"submission_id": f"s{len(self.listings)}", "sheet": "S", "line_key": "1"}
        target, owner = moved.get("new_unit", unit), moved.get("new_producer", producer)
        self.listings.append(
            {
                **key, "producer_key": producer, "listed_product_id": f"{unit}|{producer}|{product}",
                "listed_producer_id": f"{unit}|{producer}",
                "new_product_id": f"{target}|{owner}|{product}" if moved else None,
                "new_producer_id": f"{target}|{owner}" if "new_producer" in moved else None,
            }
        )  # fmt: skip
        self.rows.append({**key, "period": "2026-10", "first_date": decided})
        if moved:
            self.events.append({**key, "period": "2026-10", "event_kind": "transfer", "event_date": _MOVED})

    def found(self):
        """What `transfers` makes of them."""
        with duckdb.connect() as connection:
            make_table(connection, "core.listings", self.listings)
            make_table(connection, "staging.register_rows", self.rows)
            make_table(connection, "staging.register_events", self.events)
            return transfers(connection)


@pytest.fixture
def lists():
    """The household A moved with its rice from c1 to c2, whose register lists it since, and keeps tea in c1."""
    made = Lists()
    made.line("rice", "A", "c1", date(2024, 3, 20))
    made.line("tea", "A", "c1", date(2024, 3, 20))
    made.line("rice", "A", "c1", new_unit="c2")
    made.line("rice", "A", "c2", date(2024, 3, 20))
    return made


def test_who_moves_alone_stays_the_producer(lists):
    """The name in the new commune is the producer of the old one; what it makes there later changes nothing."""
    one = [("producer", "c1|A", "c2|A"), ("product", "c1|A|rice", "c2|A|rice")]
    assert lists.found() == one
    lists.line("bread", "A", "c2", date(2026, 8, 20))
    assert lists.found() == one


def test_a_name_the_new_commune_knew_is_not_merged(lists):
    """A producer of that name with a product of its own there before the move may be another one: people are asked."""
    lists.line("bread", "A", "c2", date(2026, 4, 30))
    assert lists.found() == [("product", "c1|A|rice", "c2|A|rice")]


def test_a_new_producer_is_never_the_old_one(lists):
    """A transfer to another producer, with or without another commune, makes the product one and nobody else."""
    lists.line("tea", "A", "c1", new_unit="c2", new_producer="B")
    lists.line("tea", "B", "c2", date(2024, 3, 20))
    found = lists.found()
    assert ("product", "c1|A|tea", "c2|B|tea") in found
    assert [each for each in found if each[0] == "producer"] == [("producer", "c1|A", "c2|A")]


def test_a_line_without_a_producer_moves_nobody():
    """Products of two communes that name no producer have no producer in common."""
    lists = Lists()
    lists.line("rice", "", "c1", new_unit="c2")
    lists.line("rice", "", "c2", date(2024, 3, 20))
    assert lists.found() == [("product", "c1||rice", "c2||rice")]
