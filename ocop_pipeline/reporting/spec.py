"""What a report consists of, and who issues it: both data, loaded strictly.

Here: the shapes and their loaders. Not here: building anything from them. A site adds reports of its own in
`<site>/report_templates/<report>/report.yml` and its letterheads in `<site>/letterhead.yml`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Final, Literal

from ocop_pipeline.catalogue.tables import Row, read_document
from ocop_pipeline.paths import REPORT_TEMPLATES

SPANS: Final = ("month", "quarter", "year")
_LISTED_ON_PAPER: Final = 300
"""Where a site's report says nothing: about 20 pages."""
_ON_ANY_MAP: Final = frozenset({"indicators", "units", "products", "register", "register_lists"})
"""Annexes whose figures can be carried to another map, or counted on it."""
_LEVELS: Final[dict[str, Literal[1, 2, 3]]] = {"1": 1, "2": 2, "3": 3}


@dataclass(frozen=True, slots=True)
class Section:
    """One stretch of the body: an optional heading, then a text, then blocks by their names."""

    heading: str
    level: Literal[1, 2, 3]
    text: str
    blocks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AnnexSpec:
    """One annex; left out of the report when none of its blocks has anything to show."""

    key: str
    title: str
    landscape: bool
    blocks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class UnitColumn:
    """An indicator in the table by unit, and over which spans it is shown."""

    indicator: str
    breakdown: str
    spans: tuple[str, ...]
    label: str


@dataclass(frozen=True, slots=True)
class UnitTable:
    """One block of columns of the table by unit, narrow enough for its page."""

    caption: str
    columns: tuple[UnitColumn, ...]


@dataclass(frozen=True, slots=True)
class LegalBasis:
    """A "Căn cứ …" line and the days on which it holds."""

    text: str
    valid_from: date | None
    valid_to: date | None

    def in_force(self, on: date) -> bool:
        """Whether the line is printed in a report on a month that closes on this day."""
        return (self.valid_from is None or self.valid_from <= on) and (
            self.valid_to is None or on <= self.valid_to
        )


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is shown before it is left to an annex: names, quotes, letters of a quote in the body.

    Lists of more than `listed_on_paper` products are printed in the screen edition alone.
    """

    names: int
    quotes: int
    quote_letters: int
    listed_on_paper: int


@dataclass(frozen=True, slots=True)
class Issuer:
    """Who issues a report: the parts of a letterhead and of the last page (decree 30/2020/NĐ-CP, appendix I).

    Attributes:
        parent_body: Body above it (cơ quan chủ quản), blank for none.
        issuing_body: Its name as in running text; a line break where the letterhead breaks it.
        symbol: Kind and body, "BC-SNNMT".
        place: Name in the place-date line.
        signer_authority: On whose behalf is signed ("TM. ỦY BAN NHÂN DÂN"), blank when in one's own name.
        signer_title: Title of the signer.
        signer_name: Full name; blank while unsigned.
        addressees: "Kính gửi".
        recipients: "Nơi nhận", the archive line last.
        is_sample: Whether it was derived by us and not set by the site; the report then says it is a draft.
    """

    parent_body: str
    issuing_body: str
    symbol: str
    place: str
    signer_authority: str
    signer_title: str
    signer_name: str
    addressees: tuple[str, ...]
    recipients: tuple[str, ...]
    is_sample: bool

    @property
    def name(self) -> str:
        """The issuing body in running text."""
        return " ".join(self.issuing_body.split())


@dataclass(frozen=True)
class ReportSpec:
    """A kind of report: its text, tables, charts and annexes in order.

    Attributes:
        code: Name of its folder.
        folders: Where its templates are searched.
        tiers: Tiers of the units it is for.
        kind: Kind of document ("Báo cáo").
        summary: The trích yếu, a one-line template.
        title: Title of the file, a one-line template.
        file_name: Beginning of the names of its files, plain ASCII.
        legal_bases: "Căn cứ" lines with the days they hold.
        department: Codes of the department that issues it, one of them in force at a time; blank for none.
        letterhead: The letterhead where the site sets none, one-line templates.
        sections: The body.
        annexes: The annexes.
        unit_tables: The tables by unit.
        limits: How much the body shows.
        labels: Words of tables and notes by key.
    """

    code: str
    folders: tuple[Path, ...]
    tiers: tuple[str, ...]
    kind: str
    summary: str
    title: str
    file_name: str
    legal_bases: tuple[LegalBasis, ...]
    department: tuple[str, ...]
    letterhead: Issuer
    sections: tuple[Section, ...]
    annexes: tuple[AnnexSpec, ...]
    unit_tables: tuple[UnitTable, ...]
    limits: Limits
    labels: Mapping[str, str]

    def on_other_map(self) -> "ReportSpec":
        """The same on another map than the month's: figures and the register only, since nobody of that map reported.

        Who sent what, remarks, plans and tasks are of the units that stood then.
        """
        return replace(
            self,
            kind=self.labels["other_map_kind"],
            summary=self.labels["other_map_summary"],
            legal_bases=(),
            sections=(Section("", 1, "", ("other_map_banner",)),),
            annexes=tuple(annex for annex in self.annexes if annex.key in _ON_ANY_MAP),
        )

    def unsigned(self, place: str) -> Issuer:
        """Who issues a table of figures that is no report: no body signs it, a unit that is no more least of all."""
        return Issuer(
            parent_body="",
            issuing_body=self.labels["other_map_issuer"],
            symbol="SLTK",
            place=place,
            signer_authority="",
            signer_title="",
            signer_name="",
            addressees=(),
            recipients=(self.labels["other_map_recipient"],),
            is_sample=False,
        )

    @property
    def unit_lines(self) -> frozenset[tuple[str, str]]:
        """The (indicator, breakdown) pairs that are printed of the units below."""
        shown = {
            (column.indicator, column.breakdown) for table in self.unit_tables for column in table.columns
        }
        if any("register_by_unit" in annex.blocks for annex in self.annexes):
            shown.add(("SP01", ""))
        return frozenset(shown)

    def label(self, key: str, **values: object) -> str:
        """A word or note, its `{places}` filled.

        Raises:
            KeyError: the report's labels have no such key, or a place has no value.
        """
        return self.labels[key].format_map(values)


def load_spec(code: str, site: Path | None = None) -> ReportSpec:
    """Read a report's specification; a site's own replaces ours of that name.

    Raises:
        CatalogueError: with file, line and reason.
        FileNotFoundError: neither the site nor we have a report of this name.
    """
    folders = tuple(
        folder
        for folder in ((site / "report_templates") if site else None, REPORT_TEMPLATES)
        if folder is not None
    )
    found = next((path for folder in folders if (path := folder / code / "report.yml").is_file()), None)
    if found is None:
        raise FileNotFoundError(
            f"no report {code!r}: looked for {code}/report.yml in {', '.join(map(str, folders))}"
        )
    return _spec(code, folders, read_document(found))


def load_issuer(path: Path, unit_code: str, on: date) -> Issuer | None:
    """Read a unit's letterhead of a day from the site's file.

    Args:
        path: `letterhead.yml`: a list `letterheads`, each with `unit_code`, optional `valid_from` and
            `valid_to`, and the fields of `Issuer`.
        unit_code: Official code of the unit.
        on: A day.

    Returns:
        The letterhead; None where the file is missing or has none for the unit and day.

    Raises:
        CatalogueError: a field is missing, unknown or wrong.
    """
    if not path.is_file():
        return None
    document = read_document(path)
    document.only("letterheads")
    found = None
    for row in document.rows("letterheads"):
        first, last = row.validity()
        issuer = _issuer(row, "unit_code", "valid_from", "valid_to", is_sample=False)
        if row.text("unit_code") == unit_code and (first or date.min) <= on <= (last or date.max):
            if found:
                raise row.error(f"two letterheads for unit {unit_code} on {on.isoformat()}")
            found = issuer
    return found


def _issuer(row: Row, *others: str, is_sample: bool) -> Issuer:
    row.only(
        *others, "parent_body", "issuing_body", "symbol", "place", "signer_authority", "signer_title",
        "signer_name", "addressees", "recipients",
    )  # fmt: skip
    return Issuer(
        parent_body=row.optional("parent_body") or "",
        issuing_body=row.text("issuing_body"),
        symbol=row.text("symbol"),
        place=row.text("place"),
        signer_authority=row.optional("signer_authority") or "",
        signer_title=row.text("signer_title"),
        signer_name=row.optional("signer_name") or "",
        addressees=row.texts("addressees"),
        recipients=row.texts("recipients"),
        is_sample=is_sample,
    )


def _spec(code: str, folders: tuple[Path, ...], row: Row) -> ReportSpec:
    row.only(
        "code", "tiers", "kind", "summary", "title", "file_name", "legal_bases", "department", "letterhead",
        "sections", "annexes", "unit_tables", "limits", "labels",
    )  # fmt: skip
    if row.text("code") != code:
        raise row.error(f"the report in folder {code} must have the code {code}", "code")
    return ReportSpec(
        code=code,
        folders=folders,
        tiers=row.texts("tiers"),
        kind=row.text("kind"),
        summary=row.text("summary"),
        title=row.text("title"),
        file_name=row.code("file_name"),
        legal_bases=tuple(map(_legal_basis, row.rows("legal_bases"))),
        department=row.texts("department"),
        letterhead=_issuer(row.row("letterhead"), is_sample=True),
        sections=tuple(map(_section, row.rows("sections"))),
        annexes=tuple(map(_annex, row.rows("annexes"))),
        unit_tables=tuple(map(_unit_table, row.rows("unit_tables"))),
        limits=_limits(row.row("limits")),
        labels=load_labels(folders, row.text("labels")),
    )


def load_labels(folders: Sequence[Path], name: str) -> dict[str, str]:
    """Read a file of words by key.

    Raises:
        FileNotFoundError: no folder has it.
        CatalogueError: a word that is no text.
    """
    path = next((path for folder in folders if (path := folder / name).is_file()), None)
    if path is None:
        raise FileNotFoundError(f"no labels {name!r} in {', '.join(map(str, folders))}")
    row = read_document(path)
    return {key: row.text(key) for key in row.cells}


def _legal_basis(row: Row) -> LegalBasis:
    row.only("text", "valid_from", "valid_to")
    return LegalBasis(row.text("text"), *row.validity())


def _section(row: Row) -> Section:
    row.only("heading", "level", "text", "blocks")
    level = row.choice("level", tuple(_LEVELS)) if row.has("heading") else "1"
    return Section(
        row.optional("heading") or "", _LEVELS[level], row.optional("text") or "", row.texts("blocks")
    )


def _annex(row: Row) -> AnnexSpec:
    row.only("key", "title", "landscape", "blocks")
    return AnnexSpec(row.code("key"), row.text("title"), row.flag("landscape"), row.texts("blocks"))


def _unit_table(row: Row) -> UnitTable:
    row.only("caption", "columns")
    return UnitTable(row.text("caption"), tuple(map(_unit_column, row.rows("columns"))))


def _unit_column(row: Row) -> UnitColumn:
    row.only("indicator", "breakdown", "spans", "label")
    spans = row.texts("spans") or ("month",)
    strange = set(spans) - set(SPANS)
    if strange:
        raise row.error(f"unknown span {min(strange)!r}; known: {', '.join(SPANS)}", "spans")
    return UnitColumn(row.text("indicator"), row.optional("breakdown") or "", spans, row.text("label"))


def _limits(row: Row) -> Limits:
    row.only("names", "quotes", "quote_letters", "listed_on_paper")
    listed = row.optional_integer("listed_on_paper", 0)
    return Limits(
        row.integer("names", 1),
        row.integer("quotes", 1),
        row.integer("quote_letters", 100),
        _LISTED_ON_PAPER if listed is None else listed,
    )
