"""One loader for the whole catalogue: everything is read and checked, or nothing starts.

Belongs here: putting the parts together and the checks between them. Each part's own rules are in its module.
A site adds files of its own in `<site>/catalogue/`, laid out as ours; a file there replaces ours of that name, and
`forms/`, `layouts/` and `plans/` take new files. `unit_events.csv` and `unit_decrees.csv` are added to ours instead:
what the shipped decrees changed has happened, whatever a site knows besides.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property, lru_cache
from pathlib import Path

from ocop_pipeline.catalogue.calendar import ReportingCalendar, load_calendar
from ocop_pipeline.catalogue.certificates import Certificates, load_certificates
from ocop_pipeline.catalogue.codelists import CodeLists, load_code_lists
from ocop_pipeline.catalogue.errors import CatalogueError
from ocop_pipeline.catalogue.forms import form_lines, load_forms, load_layouts
from ocop_pipeline.catalogue.group_mappings import GroupMappings, load_group_mappings
from ocop_pipeline.catalogue.groups import ProductGroups, load_product_groups
from ocop_pipeline.catalogue.imports import load_import_forms
from ocop_pipeline.catalogue.indicators import load_indicators, load_sections
from ocop_pipeline.catalogue.names import NameWords, load_name_words
from ocop_pipeline.catalogue.plans import check_plans, load_plans
from ocop_pipeline.catalogue.restatement import Weight, load_restatement_weights
from ocop_pipeline.catalogue.tables import read_csv
from ocop_pipeline.catalogue.template_words import TemplateWords, load_template_words
from ocop_pipeline.catalogue.unit_events import Decree, load_decrees, load_unit_events
from ocop_pipeline.catalogue.unit_parts import with_parts
from ocop_pipeline.catalogue.units import load_unit_aliases, load_units
from ocop_pipeline.domain.forms import Form, FormLine, ImportForm, Layout
from ocop_pipeline.domain.indicators import Indicator
from ocop_pipeline.domain.plans import Plan
from ocop_pipeline.domain.unit_events import UnitEvent
from ocop_pipeline.domain.unit_finder import UnitFinder
from ocop_pipeline.domain.units import UnitLedger
from ocop_pipeline.paths import CATALOGUE_DATA

GROUP_LIST = "@product_group"
"""Stands in a breakdown for the top level of the product group list in force."""


@dataclass(frozen=True, slots=True)
class Agency:
    """A department that reports at its own tier, under a name valid between two days."""

    code: str
    tier: str
    name_vi: str
    name_en: str
    valid_from: date | None
    valid_to: date | None

    def in_force(self, on: date) -> bool:
        """Whether the department bore this name on a day."""
        return (self.valid_from is None or self.valid_from <= on) and (
            self.valid_to is None or on <= self.valid_to
        )


@dataclass(frozen=True, eq=False)
class Catalogue:
    """Everything a site can edit, read and checked. `digest` names its exact content."""

    digest: str
    units: UnitLedger
    unit_events: tuple[UnitEvent, ...]
    decrees: tuple[Decree, ...]
    unit_aliases: dict[str, str]
    sections: dict[str, tuple[str, str]]
    indicators: dict[str, Indicator]
    forms: dict[str, Form]
    layouts: tuple[Layout, ...]
    imports: dict[str, ImportForm]
    agencies: tuple[Agency, ...]
    code_lists: CodeLists
    groups: ProductGroups
    group_mappings: GroupMappings
    calendar: ReportingCalendar
    certificates: Certificates
    names: NameWords
    plans: dict[str, Plan]
    restatement_weights: dict[str, Weight]
    template_words: TemplateWords

    def codes_on(self, code_list: str, on: date) -> tuple[tuple[str, str], ...]:
        """The (code, Vietnamese name) pairs of a list in force on a day, in their order.

        `list-code` stands for the list without that code (stars without "none" for recognised products).
        """
        if code_list == GROUP_LIST:
            return tuple(
                (group.code, group.name_vi) for group in self.groups.list_on(on) if group.level == "sector"
            )
        name, *without = code_list.split("-")
        items = self.code_lists.items(name, on)
        return tuple((item.code, item.name_vi) for item in items if item.code not in without)

    def codes_of(self, code_list: str) -> tuple[str, ...]:
        """Every code a list ever had, whatever the day."""
        if code_list == GROUP_LIST:
            return tuple(group.code for group in self.groups.all if group.level == "sector")
        return tuple(item.code for item in self.code_lists.items(code_list.split("-", maxsplit=1)[0]))

    def lines(self, form: str, on: date) -> tuple[FormLine, ...]:
        """What a form asks for on a day, in print order."""
        key = (form, on)
        if key not in self._lines:
            self._lines[key] = form_lines(self.forms[form], self.indicators, self.codes_on, on)
        return self._lines[key]

    def agencies_on(self, on: date) -> tuple[Agency, ...]:
        """The departments expected to report on a day."""
        return tuple(agency for agency in self.agencies if agency.in_force(on))

    @cached_property
    def unit_finder(self) -> UnitFinder:
        """Finds units by what people write."""
        return UnitFinder(self.units, self.unit_aliases)

    @cached_property
    def _lines(self) -> dict[tuple[str, date], tuple[FormLine, ...]]:
        return {}


def load_catalogue(
    site: Path | None = None, more_events: Sequence[Path] = (), more_parts: Sequence[Path] = ()
) -> Catalogue:
    """Read the shipped catalogue and the site's additions.

    Args:
        site: Folder of the deployment.
        more_events: Files of unit events that are not in force yet, to see what they would change. They are no part of
            the digest: nothing is published from such a catalogue.
        more_parts: Files that tell how those events divide units; without events they are not read.

    Raises:
        CatalogueError: with file, row and reason; nothing is half loaded.
    """
    files = _Files.of(site)
    if more_events:
        return _load(files, files.digest(), more_events, more_parts)
    return _read(files, files.digest())


@lru_cache(maxsize=4)
def _read(files: "_Files", digest: str) -> Catalogue:
    """The catalogue of these very bytes, read once a process: nothing in it changes, an edit has another digest."""
    return _load(files, digest, (), ())


def _load(files: "_Files", digest: str, more_events: Sequence[Path], more_parts: Sequence[Path]) -> Catalogue:
    sections = load_sections(files.path("sections.csv"))
    indicators = load_indicators(files.path("indicators.csv"), sections)
    forms = load_forms(files.all("forms/*.yml"))
    code_lists = load_code_lists(files.path("code_lists.csv"))
    units, unit_events = load_unit_events(
        load_units(files.path("units.zip")), [*files.both("unit_events.csv"), *more_events]
    )
    units = with_parts(units, [*files.both("unit_parts.csv"), *more_parts])
    groups = load_product_groups(files.path("product_groups.csv"))
    catalogue = Catalogue(
        digest=digest,
        units=units,
        unit_events=unit_events,
        decrees=load_decrees(files.both("unit_decrees.csv")),
        unit_aliases=load_unit_aliases(files.path("unit_aliases.csv")),
        sections=sections,
        indicators=indicators,
        forms=forms,
        layouts=load_layouts(files.all("layouts/*.yml"), forms),
        imports=load_import_forms(files.all("imports/*.yml")),
        agencies=tuple(_agencies(files.path("agencies.csv"))),
        code_lists=code_lists,
        groups=groups,
        group_mappings=load_group_mappings(groups, files.path("group_mappings.csv")),
        calendar=load_calendar(files.path("calendar.yml"), files.path("holidays.csv")),
        certificates=load_certificates(
            files.path("certificates.csv"), files.path("rounds.csv"), files.path("star_classes.csv")
        ),
        names=load_name_words(
            files.path("legal_forms.csv"),
            files.path("name_abbreviations.csv"),
            code_lists.codes("producer_type"),
        ),
        plans={plan.code: plan for plan in load_plans(files.all("plans/*.yml"), set(indicators))},
        restatement_weights=load_restatement_weights(files.path("restatement_weights.csv"), tuple(sections)),
        template_words=load_template_words(
            files.path("template_words.yml"),
            {section: name for section, (name, _) in sections.items()},
            {str(each.kind) for each in indicators.values() if each.forms},
        ),
    )
    _check_breakdowns(catalogue)
    _check_layouts(catalogue)
    check_plans(catalogue.plans.values(), catalogue.units, indicators, catalogue.codes_of)
    return catalogue


@dataclass(frozen=True)
class _Files:
    """Where each catalogue file lies: the site's, if it has one of that name, else ours."""

    folders: tuple[Path, ...]

    @classmethod
    def of(cls, site: Path | None) -> "_Files":
        wanted = (site / "catalogue" if site else None, CATALOGUE_DATA)
        return cls(tuple(folder for folder in wanted if folder is not None and folder.is_dir()))

    def path(self, name: str) -> Path:
        found = (folder / name for folder in self.folders if (folder / name).is_file())
        path = next(found, None)
        if path is None:
            raise CatalogueError(name, None, "the catalogue has no such file")
        return path

    def both(self, name: str) -> list[Path]:
        """Our file of that name and the site's, where it has one; the one adds to the other."""
        return [folder / name for folder in reversed(self.folders) if (folder / name).is_file()]

    def all(self, pattern: str) -> list[Path]:
        by_name: dict[str, Path] = {}
        for folder in reversed(self.folders):
            by_name |= {path.name: path for path in folder.glob(pattern)}
        return [by_name[name] for name in sorted(by_name)]

    def digest(self) -> str:
        """SHA-256 over the names and bytes of all files that count."""
        sha = hashlib.sha256()
        paths: dict[str, Path] = {}
        for folder in reversed(self.folders):
            paths |= {str(path.relative_to(folder)): path for path in folder.rglob("*") if path.is_file()}
        for name in sorted(paths):
            sha.update(name.encode() + b"\0" + hashlib.sha256(paths[name].read_bytes()).digest())
        return sha.hexdigest()


def _agencies(path: Path) -> Iterator[Agency]:
    columns = ("code", "tier", "name_vi", "name_en", "valid_from", "valid_to", "source", "confidence")
    for row in read_csv(path, columns=columns):
        valid_from, valid_to = row.validity()
        yield Agency(
            row.text("code"), row.choice("tier", ("province",)), row.text("name_vi"), row.text("name_en"),
            valid_from, valid_to,
        )  # fmt: skip


def _check_breakdowns(catalogue: Catalogue) -> None:
    known = set(catalogue.code_lists.names) | {GROUP_LIST}
    for indicator in catalogue.indicators.values():
        for split in indicator.breakdowns:
            if split.code_list.split("-")[0] not in known:
                raise CatalogueError(
                    "indicators.csv",
                    indicator.position + 1,
                    f"{indicator.code}: unknown code list {split.code_list!r}",
                )


def _check_layouts(catalogue: Catalogue) -> None:
    for layout in catalogue.layouts:
        if layout.line_keys is None:
            continue
        on = layout.valid_to or catalogue.forms[layout.form].valid_to or date.max
        known = {(line.part, line.line_code) for line in catalogue.lines(layout.form, on)}
        for (part, key), code in layout.line_keys.items():
            if (part, code) not in known:
                raise CatalogueError(
                    f"layouts/{layout.code}.csv", None, f"key {key} of part {part}: form has no line {code}"
                )
