"""The published tables `ocop register` reads, made from a few rows as the models declare them.

No test here; the tests of the room `register` and of its commands build on it.
"""

import functools
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

import duckdb

from ocop_pipeline.catalogue.names import NameWords, load_name_words
from ocop_pipeline.register.spelling import producer_key, product_key
from tests.source_tables import make_table, models

BAO_THUAN, DINH_TRANG_THUONG, MUI_NE = "c25007.2", "c25003.1", "c22918.2"
"""Today's commune that took over the second one on 01/07/2025, and a ward of today in the same province."""
PROVINCE: Final = "p68.2"
_LISTS: Final = {"2019": "food_2019", "2023": "food", "2026": "food"}
_TABLES = (
    "core.recognitions",
    "core.recognition_groups",
    "core.product_events",
    "core.producers",
    "core.listings",
    "register.identities",
    "register.doubts",
    "raw.submissions",
)
_DERIVED: Final = ("core.product_history", "core.certificates", "core.kept_names")
"""Made from the others by their own models: what a day finds, and which name is kept, is the models' business."""


@dataclass
class Register:
    """Rows of the tables, added line by line as registers would list them."""

    rows: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: {name: [] for name in _TABLES})

    def line(
        self, product: str, producer: str, unit_id: str, events: Sequence[tuple[Any, ...]] = (), *,
        as_id: str = "", as_producer: str = "", home_id: str = "", file: str = "so.xlsx",
    ) -> str:  # fmt: skip
        """List a product with its events (kind, star, day, number[, level]); gives its id."""
        keys = product_key(product), producer_key(producer, _words()).key
        home = home_id or unit_id
        listed, owner = _hex(home, keys[1], keys[0]), _hex("", keys[1])
        place = len(self.rows["core.listings"]) + 1
        self.rows["core.listings"].append(
            {
                "submission_id": file, "sheet": "BM02", "line_key": str(place), "form": "OCOP-XA",
                "unit_id": unit_id, "home_id": home, "product_name": product, "product_key": keys[0],
                "producer_name": producer, "producer_key": keys[1], "producer_area": "",
                "listed_product_id": listed, "listed_producer_id": owner,
            }
        )  # fmt: skip
        for _, star, day, number, *level in events:
            self.rows["core.recognitions"].append(
                {
                    "product_id": as_id or listed, "decision_date": day, "product_name": product,
                    "producer_id": as_producer or owner, "producer_name": producer,
                    "producer_type": "cooperative", "product_group": "food", "unit_id": unit_id, "home_id": home,
                    "star": star,
                    "recognising_level": level[0] if level else "province",
                    "issuing_body": "UBND tỉnh Lâm Đồng", "decision_no": number,
                    "expiry_date": _later(day), "submission_id": file, "sheet": "BM02", "cell": f"M{place}",
                }
            )  # fmt: skip
            self.rows["core.recognition_groups"].extend(
                {"product_id": as_id or listed, "decision_date": day, "unit_id": unit_id, "list_version": version,
                 "product_group": sector}
                for version, sector in _LISTS.items()
            )  # fmt: skip
        if file not in {row["submission_id"] for row in self.rows["raw.submissions"]}:
            self.rows["raw.submissions"].append({"submission_id": file, "file_name": file})
        return as_id or listed

    def event(self, kind: str, product_id: str, day: str, number: str, **sets: Any) -> None:
        """Tell of something that is no recognition, with the columns of core.product_events it sets."""
        place = len(self.rows["core.product_events"]) + 1
        self.rows["core.product_events"].append(
            {
                "product_id": product_id, "event_kind": kind, "event_date": day, "decision_no": number,
                "issuing_body": "UBND tỉnh Lâm Đồng", "issuing_level": "province", "unit_id": BAO_THUAN,
                "submission_id": "ds.xlsx", "sheet": "DS", "cell": f"B{place}", **sets,
            }
        )  # fmt: skip

    def doubt(
        self, doubt_id: str, kind: str, left: Sequence[str], right: Sequence[str], similarity: float
    ) -> None:
        """Propose two (id, product, producer, unit) as one."""
        sides = {
            f"{side}_{name}": value
            for side, values in (("left", left), ("right", right))
            for name, value in zip(("id", "product", "producer", "unit_id"), values, strict=True)
        }
        self.rows["register.doubts"].append(
            {
                "doubt_id": doubt_id,
                "name_kind": kind,
                "reason": "similar_name",
                "similarity": similarity,
                **sides,
            }
        )


def fill(
    connection: duckdb.DuckDBPyConnection, register: Register, more: Mapping[str, Sequence[Mapping[str, Any]]]
) -> None:
    """Make the tables; `more` replaces the rows of a table (`register_identities` for `register.identities`)."""
    for table in _TABLES:
        make_table(connection, table, more.get(table.replace(".", "_"), register.rows[table]))
    for table in _DERIVED:
        connection.execute(f"CREATE TABLE {table} AS {models()[table].sql}")


@functools.cache
def _words() -> NameWords:
    return load_name_words()


def _hex(*parts: str) -> str:
    return hashlib.md5("|".join(parts).encode(), usedforsecurity=False).hexdigest()


def _later(day: str) -> date:
    told = date.fromisoformat(day)
    return told.replace(year=told.year + 3)
