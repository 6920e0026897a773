"""Compare the catalogue's units with the package vietnam-provinces and print every disagreement.

The second source serves for comparison only: nothing of it is copied into the product, and it is no
dependency (its releases since 2026 are under the GPL). Which side is right is not decided here.

    pip download --no-deps --python-version 3.12 --only-binary :all: vietnam-provinces==2026.9.0
    unzip vietnam_provinces-2026.9.0-py3-none-any.whl -d other
    python scripts/compare_units.py other              (or without a folder: the installed package)

Exit code 0: no disagreement but in orthography; 1: disagreements; 2: nothing to compare with.
"""

import argparse
import importlib
import json
import sys
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import Any

from ocop_pipeline.catalogue.units import load_units
from ocop_pipeline.domain.units import Tier, UnitLedger, UnitVersion, accent_free_key, name_key

OLD = date(2025, 6, 30)
NEW = date(2025, 7, 1)
DIGITS = {Tier.PROVINCE: 2, Tier.DISTRICT: 3, Tier.COMMUNE: 5}
ORTHOGRAPHY = ("tone mark placement", "letter case", "punctuation or leading zero")


@dataclass(frozen=True)
class Entry:
    """A unit as either source has it, reduced to what both have."""

    tier: Tier
    code: str
    full_name: str
    parent_code: str
    province_code: str

    @property
    def type(self) -> str:
        """The leading type word or words of the full name, in lower case."""
        words = self.full_name.lower().split()
        return " ".join(words[:2]) if words[0] in ("thị", "thành", "đặc") else words[0]


@dataclass(frozen=True)
class Difference:
    """One disagreement: what kind, about which code, and what each side says."""

    kind: str
    tier: str
    code: str
    ours: str
    theirs: str


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare with the folder named on the command line; returns the exit code."""
    parser = argparse.ArgumentParser(description="Compare our units with vietnam-provinces.")
    parser.add_argument("folder", nargs="?", type=Path, help="folder the wheel was unpacked in")
    parser.add_argument("--summary", action="store_true", help="print the counts only")
    options = parser.parse_args(arguments)
    if options.folder is not None:
        sys.path.insert(0, str(options.folder))
    try:
        package = importlib.import_module("vietnam_provinces")
    except ImportError as error:
        print(f"compare_units: {error}", file=sys.stderr)
        return 2
    print(
        f"vietnam-provinces {package.__version__}, data of {getattr(package, '__data_version__', 'unknown')}"
    )
    ledger = load_units()
    differences: list[Difference] = []
    for title, found in comparisons(package, ledger):
        report(title, found, summary=options.summary)
        differences += found
    return 1 if any(found.kind not in ORTHOGRAPHY for found in differences) else 0


def comparisons(package: ModuleType, ledger: UnitLedger) -> Iterator[tuple[str, list[Difference]]]:
    """Yield (title, differences) of every part the package's release has."""
    provinces = json.loads(_nested_file(package).read_text(encoding="utf-8"))
    before = len(provinces) > len(ledger.units(NEW, Tier.PROVINCE))
    day, title = (OLD, "units before 01/07/2025") if before else (NEW, "units from 01/07/2025")
    yield title, compare(our_entries(ledger, day), list(nested_entries(provinces)))
    legacy = _optional("vietnam_provinces.legacy._lookup")
    if legacy is not None:
        title = "units before 01/07/2025 (legacy part of the package)"
        yield title, compare(our_entries(ledger, OLD), list(legacy_entries(legacy)))
    conversion = _optional("vietnam_provinces._ward_conversion_2025")
    if conversion is not None:
        yield "successions of communes on 01/07/2025", compare_successions(ledger, conversion.OLD_TO_NEW)


def _nested_file(package: ModuleType) -> Path:
    if package.__file__ is None:
        raise FileNotFoundError("vietnam_provinces has no files")
    return Path(package.__file__).parent / "data" / "nested-divisions.json"


def _optional(module: str) -> ModuleType | None:
    try:
        return importlib.import_module(module)
    except ImportError:
        return None


def our_entries(ledger: UnitLedger, on: date) -> list[Entry]:
    """Reduce our units of a day; the nation is left out."""

    def entry(unit: UnitVersion) -> Entry:
        above = ledger.ancestors(unit.unit_id, on)
        province = above[-2].code if len(above) > 1 else ""
        return Entry(unit.tier, unit.code, unit.full_name, above[0].code if province else "", province)

    return [entry(unit) for unit in ledger.units(on) if unit.tier is not Tier.NATION]


def nested_entries(provinces: list[dict[str, Any]]) -> Iterator[Entry]:
    """Reduce the nested lists of either era: provinces with districts with wards, or with wards."""
    for province in provinces:
        province_code = _code(Tier.PROVINCE, province["code"])
        yield _entry(Tier.PROVINCE, province, "", "")
        for district in province.get("districts", ()):
            yield _entry(Tier.DISTRICT, district, province_code, province_code)
            for ward in district["wards"]:
                yield _entry(Tier.COMMUNE, ward, _code(Tier.DISTRICT, district["code"]), province_code)
        for ward in province.get("wards", ()):
            yield _entry(Tier.COMMUNE, ward, province_code, province_code)


def _entry(tier: Tier, row: dict[str, Any], parent: str, province: str) -> Entry:
    name = unicodedata.normalize("NFC", " ".join(row["name"].split()))
    return Entry(tier, _code(tier, row["code"]), name, parent, province)


def _code(tier: Tier, number: int) -> str:
    return f"{number:0{DIGITS[tier]}d}"


def legacy_entries(lookup: ModuleType) -> Iterator[Entry]:
    """Reduce the three tables of the package's part for the old map."""
    for code, province in lookup.PROVINCE_MAPPING.items():
        yield _entry(Tier.PROVINCE, {"name": province.name, "code": int(code)}, "", "")
    for code, district in lookup.DISTRICT_MAPPING.items():
        above = _code(Tier.PROVINCE, int(district.province_code))
        yield _entry(Tier.DISTRICT, {"name": district.name, "code": int(code)}, above, above)
    for code, ward in lookup.WARD_MAPPING.items():
        district_code = _code(Tier.DISTRICT, int(ward.district_code))
        province_code = _code(
            Tier.PROVINCE, int(lookup.DISTRICT_MAPPING[int(ward.district_code)].province_code)
        )
        yield _entry(Tier.COMMUNE, {"name": ward.name, "code": int(code)}, district_code, province_code)


def compare(ours: Iterable[Entry], theirs: Iterable[Entry]) -> list[Difference]:
    """Find units only one side has, and other names, types, parents or provinces of those both have."""
    our_units = {(entry.tier, entry.code): entry for entry in ours}
    their_units = {(entry.tier, entry.code): entry for entry in theirs}
    found: list[Difference] = []
    for key in sorted(our_units.keys() | their_units.keys()):
        mine, other = our_units.get(key), their_units.get(key)
        if mine is not None and other is not None:
            found += _differences(mine, other)
        elif mine is not None:
            found.append(Difference("only ours", mine.tier, mine.code, _place(mine), ""))
        elif other is not None:
            found.append(Difference("only theirs", other.tier, other.code, "", _place(other)))
    return found


def _place(entry: Entry) -> str:
    return f"{entry.full_name} (district/parent {entry.parent_code}, province {entry.province_code})"


def _differences(mine: Entry, other: Entry) -> Iterator[Difference]:
    if mine.full_name != other.full_name:
        yield Difference(_kind_of_name(mine, other), mine.tier, mine.code, mine.full_name, other.full_name)
    if mine.parent_code != other.parent_code:
        yield Difference("parent", mine.tier, mine.code, _place(mine), _place(other))
    if mine.province_code != other.province_code:
        yield Difference("province", mine.tier, mine.code, _place(mine), _place(other))


def _kind_of_name(mine: Entry, other: Entry) -> str:
    same_name = name_key(mine.full_name) == name_key(other.full_name)
    if mine.type != other.type:
        return "type" if same_name else "type and name"
    if not same_name:
        bare = [accent_free_key(entry.full_name).replace(" ", "") for entry in (mine, other)]
        return "diacritics or spacing" if bare[0] == bare[1] else "name"
    if mine.full_name.casefold() == other.full_name.casefold():
        return "letter case"
    letters = [
        "".join(char for char in entry.full_name.casefold() if char.isalpha()) for entry in (mine, other)
    ]
    return "punctuation or leading zero" if letters[0] == letters[1] else "tone mark placement"


def compare_successions(ledger: UnitLedger, conversion: dict[int, Any]) -> list[Difference]:
    """Compare the successors of every old commune both sides have, by codes."""
    theirs = {
        _code(Tier.COMMUNE, code): {_code(Tier.COMMUNE, ward.code) for ward in entry.new_wards}
        for code, entry in conversion.items()
    }
    ours: defaultdict[str, set[str]] = defaultdict(set)
    for unit in ledger.units(OLD, Tier.COMMUNE):
        for link in ledger.successors(unit.unit_id):
            ours[unit.code].add(ledger.get(link.successor_id, NEW).code)
    found: list[Difference] = []
    for code in sorted(ours.keys() | theirs.keys()):
        mine, other = ours.get(code), theirs.get(code)
        if mine != other:
            kind = _kind_of_succession(mine, other)
            found.append(Difference(kind, "succession", code, _codes(ledger, mine), _codes(ledger, other)))
    return found


def _kind_of_succession(mine: set[str] | None, other: set[str] | None) -> str:
    if mine is None or other is None:
        return "only theirs" if mine is None else "only ours"
    if mine > other:
        return "we have more parts"
    if mine < other:
        return "they have more parts"
    return "other successors"


def _codes(ledger: UnitLedger, codes: set[str] | None) -> str:
    def label(code: str) -> str:
        unit = ledger.find_code(code, NEW)
        return f"{code} {unit.full_name}" if unit else f"{code} (unknown)"

    return "; ".join(label(code) for code in sorted(codes or ()))


def report(title: str, differences: list[Difference], *, summary: bool) -> None:
    """Print the counts by kind and tier, then every difference, real ones first."""
    print(f"\n== {title}: {len(differences)} disagreements")
    counts = Counter((found.kind, found.tier) for found in differences)
    for (kind, tier), count in sorted(counts.items(), key=lambda item: (item[0][0] in ORTHOGRAPHY, item[0])):
        print(f"{count:6d}  {kind} ({tier})")
    if summary:
        return
    for found in sorted(differences, key=lambda row: (row.kind in ORTHOGRAPHY, row.kind, row.tier, row.code)):
        print(f"{found.kind} | {found.tier} {found.code} | {found.ours or '–'} | {found.theirs or '–'}")


if __name__ == "__main__":
    sys.exit(main())
