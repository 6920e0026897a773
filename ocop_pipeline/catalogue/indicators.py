"""Reads the indicator list and its sections; refuses what cannot be counted.

Belongs here: structure and references of `indicators.csv`. Values and totals do not.
"""

from pathlib import Path

from ocop_pipeline.catalogue.errors import CatalogueError
from ocop_pipeline.catalogue.tables import Row, read_csv
from ocop_pipeline.domain.indicators import Breakdown, Indicator, Kind, PartRule, Source

FORM_SUFFIXES = {"XA": "OCOP-XA", "HU": "OCOP-HU", "TI": "OCOP-TI"}
_COLUMNS = (
    "code", "section", "name_vi", "name_en", "kind", "value_type", "unit_vi", "decimals", "breakdowns",
    "forms", "required", "source", "numerator", "denominator", "definition_vi", "confidence",
)  # fmt: skip


def load_sections(path: Path) -> dict[str, tuple[str, str]]:
    """Section code -> (Vietnamese name, English name), in the order of the file."""
    rows = read_csv(path, columns=("code", "name_vi", "name_en"))
    return {row.text("code"): (row.text("name_vi"), row.text("name_en")) for row in rows}


def load_indicators(path: Path, sections: dict[str, tuple[str, str]]) -> dict[str, Indicator]:
    """Code -> indicator, in the order of the file.

    Raises:
        CatalogueError: a duplicate code, an unknown section, kind, form or part rule, a ratio without its
            numerator or denominator, or a reference to an indicator that does not exist.
    """
    indicators: dict[str, Indicator] = {}
    for position, row in enumerate(read_csv(path, columns=_COLUMNS), start=1):
        indicator = _indicator(row, position)
        if indicator.code in indicators:
            raise CatalogueError(path.name, row.number, f"indicator {indicator.code} stands twice")
        if indicator.section not in sections:
            raise CatalogueError(path.name, row.number, f"unknown section {indicator.section!r}")
        indicators[indicator.code] = indicator
    _check_references(path, indicators)
    return indicators


def _indicator(row: Row, position: int) -> Indicator:
    kind = Kind(row.choice("kind", tuple(Kind)))
    return Indicator(
        code=row.text("code"),
        section=row.text("section"),
        name_vi=row.text("name_vi"),
        name_en=row.text("name_en"),
        kind=kind,
        value_type=row.choice("value_type", ("number", "yes_no")),
        unit_vi=row.text("unit_vi"),
        decimals=row.integer("decimals"),
        breakdowns=_breakdowns(row),
        forms=_forms(row, "forms"),
        required_on=_forms(row, "required"),
        source=Source(row.choice("source", tuple(Source))),
        numerator=row.optional("numerator"),
        denominator=row.optional("denominator"),
        definition_vi=row.text("definition_vi"),
        confidence=row.text("confidence"),
        position=position,
    )


def _forms(row: Row, column: str) -> tuple[str, ...]:
    names = (row.optional(column) or "").split()
    unknown = [name for name in names if name not in FORM_SUFFIXES]
    if unknown:
        raise row.error(f"{column}: unknown form {unknown[0]!r}; known: {', '.join(FORM_SUFFIXES)}")
    return tuple(FORM_SUFFIXES[name] for name in names)


def _breakdowns(row: Row) -> tuple[Breakdown, ...]:
    """`dimension=list:rule` joined by `;`. The word `funding` alone stands for source × content (BM03)."""
    text = row.optional("breakdowns")
    if text is None or text == "funding":
        return ()
    found = []
    for part in text.split(";"):
        dimension, _, rest = part.partition("=")
        code_list, _, rule = rest.partition(":")
        if not (dimension and code_list and rule in tuple(PartRule)):
            raise row.error(f"breakdowns: {part!r} is not dimension=list:rule with rule {'|'.join(PartRule)}")
        found.append(Breakdown(dimension, code_list, PartRule(rule)))
    return tuple(found)


def _check_references(path: Path, indicators: dict[str, Indicator]) -> None:
    for indicator in indicators.values():
        parts = (indicator.numerator, indicator.denominator)
        if (indicator.kind is Kind.RATIO) != all(parts):
            raise CatalogueError(
                path.name,
                indicator.position + 1,
                f"{indicator.code}: a ratio, and only a ratio, names both its parts",
            )
        for part in parts:
            if part is not None and (part not in indicators or indicators[part].kind is Kind.RATIO):
                raise CatalogueError(
                    path.name,
                    indicator.position + 1,
                    f"{indicator.code}: part {part!r} is no countable indicator",
                )
