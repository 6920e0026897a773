"""What a recognition is worth by the decision it fell under, and when evaluation rounds are held.

Here: loading and checking `certificates.csv` (regimes by day of decision), `star_classes.csv` (points) and
`rounds.csv` (yearly days of evaluation rounds). Not here: the clock itself (`domain/certificates.py`), and the
events (the warehouse). A cell is blank where nothing is known: no term, level or day is made up.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

from ocop_pipeline.catalogue.errors import CatalogueError
from ocop_pipeline.catalogue.tables import Row, read_csv, refuse_repeats
from ocop_pipeline.domain.certificates import RECOGNISED, Level, Regime, Regimes, Round, Star, StarClass
from ocop_pipeline.paths import CATALOGUE_DATA

REGIME_COLUMNS = (
    "regime",
    "decision",
    "valid_from",
    "valid_to",
    "months",
    "extension_days",
    *(f"level_{star}" for star in RECOGNISED),
    "source",
    "confidence",
)
ROUND_COLUMNS = ("regime", "level", "month", "day", "source", "confidence")
POINT_COLUMNS = ("regime", "kind", "name", "low", "high", "source", "confidence")
PARTS = ("A", "B", "C")
"""The parts of an evaluation: product and community strength, marketing, quality."""
RANKS = (5, 4, 3, 2, 1)
"""The classes of an evaluation (hạng sao), the highest first, as they stand in the file."""

_CLASS, _PART = "class", "part"
_ONE_DAY = timedelta(days=1)
_COMMON_YEAR = 2023
"""A round is held every year, hence on a day that years without 29 February have too."""


@dataclass(frozen=True, slots=True)
class Certificates:
    """The rules of certificates.

    Attributes:
        regimes: One for every day of decision.
        rounds: The evaluation rounds whose yearly day is known.
    """

    regimes: Regimes
    rounds: tuple[Round, ...]


def load_certificates(
    regimes: Path = CATALOGUE_DATA / "certificates.csv",
    rounds: Path = CATALOGUE_DATA / "rounds.csv",
    points: Path = CATALOGUE_DATA / "star_classes.csv",
) -> Certificates:
    """Load and check the regimes with their points and rounds.

    Raises:
        CatalogueError: a malformed or repeated row; regimes that leave a day without a regime, give a day two,
            or do not reach both ends of time; points of a regime that do not make up one scale; a row of a
            regime that is not there; a round on a day some year does not have.
    """
    rows = read_csv(regimes, REGIME_COLUMNS)
    refuse_repeats(rows, "regime")
    _check_succession(regimes.name, rows)
    known = {row.code("regime"): row for row in rows}
    scales = _scales(read_csv(points, POINT_COLUMNS), known)
    held = Regimes([_regime(row, scales.get(code, ())) for code, row in known.items()])
    return Certificates(held, _rounds(read_csv(rounds, ROUND_COLUMNS), held))


def _check_succession(file: str, rows: Sequence[Row]) -> None:
    """Every day has one regime: each begins the day after the one above it ended."""
    if not rows:
        raise CatalogueError(file, None, "there is no regime")
    expected: date | None = None
    for place, row in enumerate(rows):
        first, last = row.validity()
        if place and first != expected:
            raise row.error(_succession_fault(first, expected), "valid_from")
        if not place and first is not None:
            raise row.error("the first regime must have no valid_from: a decision of any day has one")
        if (last is None) != (row is rows[-1]):
            raise row.error("the last regime, and only the last, has no valid_to", "valid_to")
        expected = last + _ONE_DAY if last and last < date.max else None


def _succession_fault(first: date | None, expected: date | None) -> str:
    if first is None or expected is None or first < expected:
        return f"overlaps the regime above it, which leaves off before {expected}; this one begins {first}"
    return f"no regime from {expected} to {first - _ONE_DAY}"


def _regime(row: Row, points: Sequence[Row]) -> Regime:
    valid_from, valid_to = row.validity()
    levels = {star: row.optional(f"level_{star}") for star in RECOGNISED}
    return Regime(
        code=row.code("regime"),
        decision=row.text("decision"),
        valid_from=valid_from,
        valid_to=valid_to,
        months=row.integer("months", 1, 120),
        extension_days=row.optional_integer("extension_days", 1, 3660),
        levels={star: _level(row, star) for star, level in levels.items() if level is not None},
        parts={point.text("name"): point.decimal("high") for point in points if point.text("kind") == _PART},
        classes=tuple(
            StarClass(point.integer("name"), point.decimal("low"), point.decimal("high"))
            for point in points
            if point.text("kind") == _CLASS
        ),
        source=row.text("source"),
        confidence=row.confidence(),
    )


def _level(row: Row, star: Star) -> Level:
    return Level(row.choice(f"level_{star}", tuple(Level)))


def _scales(rows: Sequence[Row], regimes: Mapping[str, Row]) -> dict[str, list[Row]]:
    """The rows of points by regime; each regime named has all of its parts and classes."""
    refuse_repeats(rows, "regime", "kind", "name")
    scales: dict[str, list[Row]] = {}
    for row in rows:
        row.text("source")
        row.confidence()
        if row.choice("kind", (_CLASS, _PART)) == _PART:
            row.choice("name", PARTS)
        if row.decimal("low") < 0 or row.decimal("high") <= row.decimal("low"):
            raise row.error("points must go up, from 0 or more", "high")
        scales.setdefault(row.choice("regime", tuple(regimes)), []).append(row)
    for scale in scales.values():
        _check_scale(scale)
    return scales


def _check_scale(rows: Sequence[Row]) -> None:
    """Parts A, B, C from nought make up the total; classes 5 to 1 cover it from the top without gap or overlap."""
    parts = [row for row in rows if row.text("kind") == _PART]
    classes = [row for row in rows if row.text("kind") == _CLASS]
    regime = rows[0].text("regime")
    if tuple(row.text("name") for row in parts) != PARTS:
        raise rows[0].error(f"{regime} must have the parts {', '.join(PARTS)}, in this order")
    if tuple(row.text("name") for row in classes) != tuple(map(str, RANKS)):
        raise rows[0].error(f"{regime} must have the classes {', '.join(map(str, RANKS))}, in this order")
    for row in parts:
        if row.decimal("low") != 0:
            raise row.error("a part begins at 0 points", "low")
    top = sum((row.decimal("high") for row in parts), Decimal(0))
    for row in classes:
        if row.decimal("high") != top:
            raise row.error(f"class {row.text('name')} must end where the one above begins, at {top}", "high")
        top = row.decimal("low")
    if top != 0:
        raise classes[-1].error("the lowest class must begin at 0 points", "low")


def _rounds(rows: Sequence[Row], regimes: Regimes) -> tuple[Round, ...]:
    refuse_repeats(rows, "regime", "level", "month", "day")
    rounds = []
    for row in rows:
        row.text("source")
        row.confidence()
        regime = regimes.get(row.choice("regime", [regime.code for regime in regimes.all]))
        month, day = row.integer("month", 1, 12), row.integer("day", 1, 31)
        try:
            date(_COMMON_YEAR, month, day)
        except ValueError as error:
            raise row.error(f"not every year has a day {day}/{month}", "day") from error
        level = Level(row.choice("level", tuple(Level)))
        rounds.append(Round(regime.code, level, month, day, regime.valid_from, regime.valid_to))
    return tuple(rounds)
