"""What is doubtful about a list: by the rules on register lines, and by what only lists have (points, places).

Belongs here: findings with their cell. Does not: what a line means (`list_reading`). A doubt never keeps a line out.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from itertools import pairwise
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from ocop_pipeline.catalogue import Catalogue
from ocop_pipeline.catalogue.findings import finding_types, in_reading_order
from ocop_pipeline.catalogue.imports import RECOGNITION_KIND, REGISTER_KIND
from ocop_pipeline.domain.certificates import (
    RECOGNISED,
    EventKind,
    Level,
    Star,
    add_months,
    score_contradicts,
)
from ocop_pipeline.domain.findings import Finding
from ocop_pipeline.domain.periods import Period
from ocop_pipeline.intake.cells import TEXT
from ocop_pipeline.intake.judge import Previous
from ocop_pipeline.intake.list_reading import FileReading, LineMeaning, ReadList, day_of, number_of, text_of
from ocop_pipeline.intake.places import AMBIGUOUS, MISSING, UNKNOWN
from ocop_pipeline.intake.tables import FORM_VALUES_SCHEMA, texts
from ocop_pipeline.quality.rules import load_rules, run_rules
from ocop_pipeline.warehouse.reference import reference_tables
from ocop_pipeline.warehouse.scratch import Spell, open_scratch

REGISTER_RULES = (
    "CELL_ERROR", "FORMULA_NOT_COMPUTED", "DATE_EXPECTED", "CODE_NOT_IN_LIST", "PRODUCT_NAME_MISSING",
    "PRODUCER_MISSING", "PRODUCT_REPEATED", "STAR_MISSING", "DECISION_DATE_MISSING", "DECISION_DATE_FUTURE",
    "DECISION_CONTRADICTED", "RECOGNISED_TWICE", "DECISION_TOLD_OTHERWISE", "EXPIRY_BEFORE_DECISION",
    "EXPIRY_NOT_36_MONTHS", "YEAR_DISAGREES", "STAR_DISAGREES", "COMMUNE_NOT_THEN", "BODY_NOT_THEN",
)  # fmt: skip
"""The rules of the forms that speak of register lines alone; here their findings are doubts."""
RULE_TABLES = ("periods", "code_items", "units", "certificate_regimes")
_ACTS_ON_PRODUCTS = (EventKind.REVOCATION, EventKind.EXTENSION, EventKind.TRANSFER, EventKind.CORRECTION)
_LEVELS = (Level.DISTRICT, Level.PROVINCE, Level.MINISTRY)
"""From the lowest to the highest."""
_PARTS = ("score_a", "score_b", "score_c")
_PLACE_CODES = {MISSING: "PLACE_MISSING", UNKNOWN: "PLACE_UNKNOWN", AMBIGUOUS: "PLACE_AMBIGUOUS"}
_MOST_CANDIDATES = 5
_NEW_ENDS = ("extended_to", "expiry_date")
_RECOGNISED_ON = ("second_date", "first_date")
_TWICE_WITHIN = 12
"""Months, as in the rule RECOGNISED_TWICE."""
_Doubt = tuple[str, str, Mapping[str, object]]
"""Code, field, arguments."""


class _Claim(NamedTuple):
    """One decision of a file that recognises a product: its day, the place of its list, its line."""

    day: date
    at: int
    line: LineMeaning


def file_doubts(found: FileReading) -> Iterator[Finding]:
    """What concerns the file as a whole: how it was read, and everything that was not taken."""
    make = finding_types().make
    if found.by_position:
        yield make("READ_BY_POSITION", found.sheet, found.header)
    for sheet in found.other_sheets:
        yield make("SHEET_LEFT_OUT", sheet.name, "", rows=sheet.rows)
    for left in found.left_out:
        yield make("LINE_LEFT_OUT", found.sheet, left.cell, reason=f"left_out_{left.reason}", text=left.text)


def line_doubts(read: ReadList, sheet: str, catalogue: Catalogue) -> Iterator[Finding]:
    """What is doubtful about single lines that no rule of the forms knows: places, points, what an event lacks."""
    unit = _unit_name(read, catalogue)
    has_star_column = any("first_star" in meaning.line for meaning in read.lines)
    for meaning in read.lines:
        doubts = [
            *_place_doubts(meaning, unit),
            *_score_doubts(read, meaning, catalogue),
            *_event_doubts(read, meaning, has_star_column=has_star_column),
            *_level_doubts(read, meaning, catalogue),
            *_order_doubts(read, meaning),
        ]
        for code, where, args in doubts:
            yield finding_types().make(code, sheet, meaning.address(where), **args)


def rule_doubts(
    lists: Sequence[ReadList],
    submissions: pa.Table,
    tables: Mapping[str, pa.Table],
    catalogue: Catalogue,
    previous: Previous | None = None,
    spell: Spell | None = None,
) -> list[list[Finding]]:
    """What the rules on register lines find in each list.

    Args:
        lists: the lists.
        submissions: their rows of raw.submissions, in the same order.
        tables: their rows of raw.cells, raw.imports and raw.import_lines.
        catalogue: lists of codes and units.
        previous: what is known already (`scratch.published_before`); without it no line is compared with any.
        spell: the key of a name; by default names are told apart by all but case and spaces around.
    """
    rules = [rule for rule in load_rules() if rule.code in REGISTER_RULES]
    periods = [Period.parse(each.period) for each in lists]
    batch = submissions.drop_columns(["verdict"])
    for name, days in (
        ("period_start", [p.start for p in periods]),
        ("period_end", [p.end for p in periods]),
    ):
        batch = batch.append_column(name, pc.cast(texts([day.isoformat() for day in days]), pa.date32()))
    months = {each.period for each in lists}
    reference = reference_tables(catalogue, ("*",), months, only=RULE_TABLES)
    with open_scratch() as scratch:
        scratch.load_reference([(table.name, table.rows) for table in reference])
        if previous is not None:
            scratch.load_previous(
                {"core.recognitions": previous.recognitions, "core.certificates": previous.certificates}
            )
        scratch.load_imports(tables["imports"], tables["import_lines"])
        scratch.load_batch(
            sorted(months), batch, tables["cells"], pa.Table.from_batches([], FORM_VALUES_SCHEMA)
        )
        if spell is not None:
            scratch.spell(spell)
        found = run_rules(scratch.select_all, rules)
    ids = submissions["submission_id"].to_pylist()
    return [
        [finding for finding in found.get(name, ()) if _counts(finding, each)]
        for name, each in zip(ids, lists, strict=True)
    ]


def with_findings(read: ReadList, findings: Iterator[Finding] | Sequence[Finding]) -> ReadList:
    """The list with what was found, in the order people put it right; the same thing at the same cell once."""
    unique: dict[Any, Finding] = {}
    for finding in findings:
        unique.setdefault((finding.code, finding.sheet, finding.cell), finding)
    return replace(read, findings=in_reading_order(unique.values()))


def _counts(finding: Finding, read: ReadList) -> bool:
    """A star no list knows matters to recognitions only: one or two stars are the usual reason for none."""
    of_stars = finding.code == "CODE_NOT_IN_LIST" and finding.args.get("list") == "star"
    return not of_stars or read.told.kind in (REGISTER_KIND, RECOGNITION_KIND, EventKind.CORRECTION)


def unknown_products(read: ReadList, previous: Previous | None, spell: Spell | None) -> Iterator[Finding]:
    """Lines of a revocation, extension, transfer or correction whose product no register that is known lists.

    Such a decision changes nothing, and nobody would see that it did not. Names are compared by their keys; where a
    line names no producer, the product alone. Without anything known there is nothing to compare with.
    """
    if read.told.kind not in _ACTS_ON_PRODUCTS or previous is None or not previous.recognitions:
        return
    key = spell or _plain_key
    columns = previous.recognitions.select(["product_name", "producer_name"]).to_pydict()
    known = {
        (key("product", product), key("producer", producer) if producer else "")
        for product, producer in {*zip(columns["product_name"], columns["producer_name"], strict=True)}
        if product
    }
    products = {product for product, _ in known}
    for meaning in read.lines:
        name, producer = text_of(meaning.line, "product_name"), text_of(meaning.line, "producer_name")
        product = key("product", name)
        if product in products if not producer else (product, key("producer", producer)) in known:
            continue
        yield finding_types().make(
            "EVENT_WITHOUT_PRODUCT", meaning.sheet, meaning.address("product_name"),
            product=name, producer=producer or "–",
        )  # fmt: skip


def early_extensions(
    read: ReadList, previous: Previous | None, spell: Spell | None, catalogue: Catalogue
) -> Iterator[Finding]:
    """Extensions to a day before the certificate ends anyway: `core.product_history` lets them change nothing.

    The end is that of the recognition the line names, else that of the certificate known on the day of the decision.
    """
    decided = read.told.decided_on
    if read.told.kind != EventKind.EXTENSION or decided is None:
        return
    key = spell or _plain_key
    ends = _known_ends(previous, key, decided)
    for meaning in read.lines:
        where = next((name for name in _NEW_ENDS if day_of(meaning.line, name)), "product_name")
        until = day_of(meaning.line, where) or read.told.extended_to
        name = text_of(meaning.line, "product_name")
        of_line = [day for field in _RECOGNISED_ON if (day := day_of(meaning.line, field))]
        end = (
            catalogue.certificates.regimes.expiry(max(of_line))
            if of_line
            else ends.get((key("product", name), _producer_key(meaning, key)))
        )
        # What ends before its own decision is told at the same cell (EXPIRY_BEFORE_DECISION).
        if until is not None and end is not None and decided < until < end:
            yield finding_types().make(
                "EXTENSION_BEFORE_END",
                meaning.sheet,
                meaning.address(where),
                product=name,
                until=until,
                end=end,
            )


def _known_ends(previous: Previous | None, key: Spell, by: date) -> dict[tuple[str, str], date]:
    """(product, producer) as keys -> end of the certificate recognised last before a day."""
    if previous is None or not previous.recognitions or not previous.certificates:
        return {}
    names = {
        row["product_id"]: (
            key("product", row["product_name"]),
            key("producer", row["producer_name"]) if row["producer_name"] else "",
        )
        for row in previous.recognitions.select(["product_id", "product_name", "producer_name"]).to_pylist()
        if row["product_name"]
    }
    known = sorted(
        (row["decision_date"], row["product_id"], row["expiry_date"])
        for row in previous.certificates.select(["product_id", "decision_date", "expiry_date"]).to_pylist()
        if row["decision_date"] < by and row["product_id"] in names
    )
    return {names[product]: expiry for _, product, expiry in known}


def recognised_twice(lists: Sequence[ReadList], spell: Spell | None = None) -> list[list[Finding]]:
    """Products that two decisions of one file recognise with one star within twelve months.

    The same rule as RECOGNISED_TWICE (sql/audits), which sees one list at a time and what is known already: the line of
    the later decision is shown.
    """
    found: list[list[Finding]] = [[] for _ in lists]
    key = spell or _plain_key
    claims: defaultdict[tuple[str, ...], list[_Claim]] = defaultdict(list)
    for at, read in enumerate(lists):
        if read.told.kind != RECOGNITION_KIND or read.told.decided_on is None:
            continue
        for meaning in read.lines:
            if meaning.star in map(str, RECOGNISED):
                product = key("product", text_of(meaning.line, "product_name"))
                place = meaning.place.unit_id or text_of(meaning.line, "commune_name").casefold()
                claim = _Claim(read.told.decided_on, at, meaning)
                claims[place, product, _producer_key(meaning, key), meaning.star].append(claim)
    for (*_, star), several in claims.items():
        for before, after in pairwise(sorted(several, key=lambda claim: claim[:2])):
            if before.at == after.at or after.day >= add_months(before.day, _TWICE_WITHIN):
                continue
            found[after.at].append(
                finding_types().make(
                    "RECOGNISED_TWICE", after.line.sheet, after.line.address("first_star"),
                    product=text_of(after.line.line, "product_name"), star=f"star_{star}", day=after.day,
                    decision=lists[after.at].told.decision_no, other_day=before.day,
                    other_decision=lists[before.at].told.decision_no, other_cell=before.line.address("first_star"),
                )
            )  # fmt: skip
    return found


def _plain_key(_kind: str, name: str) -> str:
    return name.strip().casefold()


def _producer_key(meaning: LineMeaning, key: Spell) -> str:
    name = text_of(meaning.line, "producer_name")
    return key("producer", name) if name else ""


def _order_doubts(read: ReadList, meaning: LineMeaning) -> Iterator[_Doubt]:
    """A later recognition that is dated before the first one of the same line."""
    first, second = day_of(meaning.line, "first_date"), day_of(meaning.line, "second_date")
    if read.told.kind == REGISTER_KIND and first and second and second < first:
        product = text_of(meaning.line, "product_name")
        yield "SECOND_BEFORE_FIRST", "second_date", {"product": product, "second": second, "first": first}


def _level_doubts(read: ReadList, meaning: LineMeaning, catalogue: Catalogue) -> Iterator[_Doubt]:
    """A star that a body of the level named does not recognise, by the regime of the day (`certificates.csv`)."""
    told = read.told
    if told.kind != RECOGNITION_KIND or told.decided_on is None or meaning.star not in map(str, RECOGNISED):
        return
    needed = catalogue.certificates.regimes.on(told.decided_on).levels.get(Star(meaning.star))
    if needed is None or not (read.level or told.issuing_body):
        return
    where = "first_star" if "first_star" in meaning.line else "product_name"
    args = {"star": f"star_{meaning.star}", "needed": f"level_{needed}", "body": told.issuing_body or "–"}
    if not read.level:
        yield "BODY_UNKNOWN", where, args
    elif _LEVELS.index(read.level) < _LEVELS.index(needed):
        yield "LEVEL_BELOW_STAR", where, args | {"level": f"level_{read.level}"}


def _unit_name(read: ReadList, catalogue: Catalogue) -> str:
    versions = catalogue.units.versions(read.told.unit_id)
    on = read.told.listed_on
    return next(
        (each.full_name for each in versions if on is not None and each.in_force(on)), read.told.unit_id
    )


def _place_doubts(meaning: LineMeaning, unit: str) -> Iterator[_Doubt]:
    place = meaning.place
    if place.since is not None and place.unit_id is not None:
        args: dict[str, object] = {"text": place.text, "unit": place.shown, "since": place.since}
        yield "PLACE_OF_LATER_MAP", place.field or "product_name", args
    if place.doubt:
        candidates = "; ".join(place.candidates[:_MOST_CANDIDATES]) or "–"
        args = {
            "product": text_of(meaning.line, "product_name"),
            "text": place.text,
            "candidates": candidates,
        }
        yield _PLACE_CODES[place.doubt], place.field or "product_name", args | {"unit": unit}


def _score_doubts(read: ReadList, meaning: LineMeaning, catalogue: Catalogue) -> Iterator[_Doubt]:
    score, cell = number_of(meaning.line, "score"), meaning.line.get("score")
    if score is None:
        if cell is not None and cell.state == TEXT:
            yield "SCORE_UNREADABLE", "score", {"text": cell.text}
        return
    if read.told.decided_on is None:
        return
    regime = catalogue.certificates.regimes.on(read.told.decided_on)
    if regime.classes and not regime.classes[-1].low <= score <= regime.classes[0].high:
        yield "SCORE_OUT_OF_RANGE", "score", {"score": score}
        return
    parts = [part for name in _PARTS if (part := number_of(meaning.line, name)) is not None]
    if len(parts) == len(_PARTS) and sum(parts) != score:
        yield "SCORE_NOT_PARTS", "score", {"score": score, "sum": sum(parts)}
    if read.told.kind == RECOGNITION_KIND and meaning.star == Star.NONE:
        yield "SCORE_BELOW_RECOGNITION", "score", {"score": score}
        return
    star = Star.NONE if read.told.kind == EventKind.NOT_RECOGNISED else meaning.star
    if star and score_contradicts(score, Star(star), regime):
        args = {"score": score, "points": f"star_{meaning.points_star}", "star": f"star_{star}"}
        yield "SCORE_CONTRADICTS_STAR", "score", args


def _event_doubts(read: ReadList, meaning: LineMeaning, *, has_star_column: bool) -> Iterator[_Doubt]:
    product = {"product": text_of(meaning.line, "product_name")}
    if read.told.kind == RECOGNITION_KIND and not meaning.star and not has_star_column:
        yield "STAR_MISSING", "product_name", product
    if read.told.kind == EventKind.EXTENSION and read.told.decided_on is not None:
        for name in ("extended_to", "expiry_date"):
            until = day_of(meaning.line, name)
            if until is not None and until <= read.told.decided_on:
                yield "EXPIRY_BEFORE_DECISION", name, {"expiry": until, "day": read.told.decided_on}
    if read.told.kind == EventKind.TRANSFER and not (
        text_of(meaning.line, "new_producer_name")
        or text_of(meaning.line, "new_commune_name")
        or read.told.new_producer
    ):
        yield "NEW_PRODUCER_MISSING", "new_producer_name", product
    # A star that no list knows is told at its own cell.
    puts_right = meaning.star or text_of(meaning.line, "first_star") or day_of(meaning.line, "expiry_date")
    if read.told.kind == EventKind.CORRECTION and not puts_right:
        yield "CORRECTION_EMPTY", "product_name", product
