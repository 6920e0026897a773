"""Derive the catalogue's units.zip from the data of the MIT-licensed package vietnamadminunits 1.0.4.

What is decided here: which units are the same place over 1 July 2025, what their ids are, and how the
source's rows become dated versions. What the ledger refuses is decided in ocop_pipeline/domain/units.py.

Get the source (it is read as files and never installed) and build:

    pip download --no-deps vietnamadminunits==1.0.4
    unzip vietnamadminunits-1.0.4-py3-none-any.whl -d source
    python scripts/build_units.py source ocop_pipeline/catalogue/data/units.zip

The same input gives the same bytes (under the same zlib; the CSV texts always). Any surprise in the source
stops the build.
"""

import argparse
import csv
import io
import json
import math
import sqlite3
import sys
import unicodedata
import zipfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, fields, replace
from datetime import date
from pathlib import Path
from typing import Any

REFORM = date(2025, 7, 1)
LAST_DAY_BEFORE = date(2025, 6, 30)
# Key of an old unit -> [(key of a successor, whether it is the one to take by default)].
Conversion = dict[str, list[tuple[str, bool]]]
# Spans as valid_from and valid_to: the source has one old map without a date, and one from the reform on.
BEFORE = ("", LAST_DAY_BEFORE.isoformat())
AFTER = (REFORM.isoformat(), "")
ALWAYS = ("", "")
NATION_ID = "VN"
# The largest commune has 1,118 km², a circle of 19 km; a part of it cannot lie farther from its middle point.
FARTHEST_POINT_KM = 30
ZIP_TIME = (1980, 1, 1, 0, 0, 0)
TYPES = ("Thị trấn", "Thị xã", "Thành phố", "Đặc khu", "Phường", "Huyện", "Quận", "Tỉnh", "Xã")
EXPECTED = {
    "provinces before": 63,
    "districts before": 696,
    "communes before": 10035,
    "districts without communes": 5,
    "provinces after": 34,
    "communes after": 3321,
}
"""Official counts: 63/696/10,035 to 30/06/2025; Resolution 202/2025/QH15 and 34/3,321 from 01/07/2025."""


class SourceError(Exception):
    """The source is not as this script knows it."""


@dataclass(frozen=True)
class Place:
    """One row of the source about one unit: its key there, its code, its name and where it is."""

    key: str
    code: str
    full_name: str
    latitude: float | None
    longitude: float | None
    area_km2: float | None = None


@dataclass(frozen=True)
class UnitRow:
    """One line of units.csv; the field names are its header."""

    unit_id: str
    code: str
    tier: str
    type: str
    name: str
    full_name: str
    parent_id: str
    valid_from: str
    valid_to: str
    latitude: str
    longitude: str
    area_km2: str


@dataclass(frozen=True)
class SuccessionRow:
    """One line of successions.csv; the field names are its header."""

    predecessor_id: str
    successor_id: str
    effective_date: str
    relation: str
    is_default: str


@dataclass(frozen=True)
class Source:
    """What is used of the package: the two maps by key, the keys of each unit's parent, the conversion."""

    old_provinces: dict[str, Place]
    old_districts: dict[str, Place]
    old_communes: dict[str, Place]
    new_provinces: dict[str, Place]
    new_communes: dict[str, Place]
    # Of communes, and of the districts without communes.
    conversion: Conversion
    province_conversion: dict[str, str]
    dropped_links: list[tuple[str, str]]


def main(arguments: Sequence[str] | None = None) -> int:
    """Build the file named on the command line; returns the exit code."""
    parser = argparse.ArgumentParser(description="Derive units.zip from vietnamadminunits 1.0.4.")
    parser.add_argument("source", type=Path, help="folder the wheel was unpacked in")
    parser.add_argument("out", type=Path, help="the units.zip to write")
    options = parser.parse_args(arguments)
    try:
        source = read_source(options.source)
        units, successions = derive(source)
        notice = attribution(options.source, source, units, successions)
    except (SourceError, OSError, sqlite3.Error, KeyError) as error:
        print(f"build_units: {error!r}", file=sys.stderr)
        return 2
    write_zip(options.out, units, successions, notice)
    for old, new in source.dropped_links:
        print(f"dropped: {old} to {new} (a homonym was meant)")
    print(notice.rsplit("Counts", 1)[1].strip(": \n"))
    return 0


# ----------------------------------------------------------------------------------------- read


def read_source(folder: Path) -> Source:
    """Read both maps and the conversion from the unpacked wheel.

    Raises:
        SourceError: If a key stands for two units, a name has no known type, or the conversion names a
            unit that is on neither map.
    """
    data = folder / "vietnamadminunits" / "data"
    with sqlite3.connect(f"file:{data / 'dataset.db'}?mode=ro", uri=True) as database:
        database.row_factory = sqlite3.Row
        old = database.execute("SELECT * FROM admin_units_legacy").fetchall()
        new = database.execute("SELECT * FROM admin_units").fetchall()
    converter = json.loads((data / "converter_2025.json").read_text(encoding="utf-8"))
    conversion, dropped = without_homonyms(_conversion(converter))
    source = Source(
        old_provinces=_places(old, "provinceKey", prefix="province"),
        old_districts=_places(old, "provinceKey", "districtKey", prefix="district"),
        old_communes=_places(old, "provinceKey", "districtKey", "wardKey", prefix="ward"),
        new_provinces=_places(new, "provinceKey", prefix="province"),
        new_communes=_places(new, "provinceKey", "wardKey", prefix="ward"),
        conversion=conversion,
        province_conversion={
            old_key: new_key for new_key, olds in converter["DICT_PROVINCE"].items() for old_key in olds
        },
        dropped_links=dropped,
    )
    _check_source(source)
    return source


def _places(rows: Iterable[sqlite3.Row], *keys: str, prefix: str) -> dict[str, Place]:
    """Collect the units of one column group; rows without a code are districts that have no commune."""
    places: dict[str, Place] = {}
    for row in rows:
        code = row[f"{prefix}Code"]
        if code is None:
            continue
        columns = row.keys()
        key = "_".join(row[column] for column in keys)
        place = Place(
            key=key,
            code=code,
            full_name=_clean(row[prefix]),
            latitude=row[f"{prefix}Lat"],
            longitude=row[f"{prefix}Lon"],
            area_km2=row[f"{prefix}AreaKm2"] if f"{prefix}AreaKm2" in columns else None,
        )
        if places.setdefault(key, place) != place:
            raise SourceError(f"two units have the key {key}")
    return places


def _clean(name: str) -> str:
    """Bring a full name to NFC, single spaces and the usual spelling of its type ("Thành Phố X" occurs)."""
    name = " ".join(unicodedata.normalize("NFC", name).split())
    type_ = next((word for word in TYPES if name.lower().startswith(f"{word.lower()} ")), None)
    if type_ is None:
        raise SourceError(f"no known type in {name!r}")
    return type_ + name[len(type_) :]


def _conversion(converter: dict[str, Any]) -> Conversion:
    conversion: defaultdict[str, list[tuple[str, bool]]] = defaultdict(list)
    for province, communes in converter["DICT_PROVINCE_WARD_NO_DIVIDED"].items():
        for commune, olds in communes.items():
            for old in olds:
                conversion[_old_key(old)].append((f"{province}_{commune}", True))
    for province, olds in converter["DICT_PROVINCE_WARD_DIVIDED"].items():
        for old, parts in olds.items():
            for part in parts:
                conversion[_old_key(old)].append(
                    (f"{province}_{part['newWardKey']}", part["isDefaultNewWard"])
                )
    return dict(conversion)


def without_homonyms(conversion: Conversion) -> tuple[Conversion, list[tuple[str, str]]]:
    """Drop the links the source made to a commune of the same name elsewhere in the new province.

    Where a divided commune has a homonym in the same new province, the source gave each of them the parts of
    both: Phường 4 of Tây Ninh town and Phường 4 of Tân An, 90 km apart, both go to Tân Ninh and Long An. Of
    homonyms with a common successor the one meant is the one with more of the successor's other predecessors
    in its own district or, failing that, in its own province; the links of the others are dropped.

    Returns:
        The conversion without those links, each unit left with one default, and the links dropped.
    """
    sources = _sources_of(conversion)
    dropped = [
        (old, new)
        for old, parts in conversion.items()
        for new, _ in parts
        if _homonym_meant(old, sources[new])
    ]
    cleaned: Conversion = {}
    for old, parts in conversion.items():
        left = [part for part in parts if (old, part[0]) not in dropped]
        cleaned[old] = [(left[0][0], True)] if len(left) == 1 else left
    return cleaned, dropped


def _homonym_meant(old: str, sources: list[str]) -> bool:
    homonyms = [other for other in sources if other != old and _own_key(other) == _own_key(old)]
    return any(_neighbours(other, sources) > _neighbours(old, sources) for other in homonyms)


def _neighbours(old: str, sources: list[str]) -> tuple[int, int]:
    """Count the other names among a successor's predecessors from the same district and province."""
    others = [other for other in sources if _own_key(other) != _own_key(old)]
    district = _parent_key(old)
    in_district = sum(_parent_key(other) == district for other in others)
    return in_district, sum(_parent_key(_parent_key(other)) == _parent_key(district) for other in others)


def _own_key(key: str) -> str:
    return key.rsplit("_", 1)[1]


def _old_key(key: str) -> str:
    # A district without communes stands in the conversion as "province_district_".
    return key.removesuffix("_")


def _check_source(source: Source) -> None:
    old_keys = source.old_communes.keys() | districts_without_communes(source)
    if source.conversion.keys() != old_keys:
        raise SourceError(f"conversion and old map differ: {sorted(source.conversion.keys() ^ old_keys)[:5]}")
    reached = {new for parts in source.conversion.values() for new, _ in parts}
    if reached != source.new_communes.keys():
        raise SourceError(
            f"conversion and new map differ: {sorted(reached ^ source.new_communes.keys())[:5]}"
        )
    if source.province_conversion.keys() != source.old_provinces.keys():
        raise SourceError("conversion of provinces and old map differ")
    undecided = [old for old, parts in source.conversion.items() if sum(default for _, default in parts) != 1]
    if undecided:
        raise SourceError(f"not one default successor: {undecided[:5]}")
    if set(source.province_conversion.values()) != source.new_provinces.keys():
        raise SourceError("conversion of provinces and new map differ")
    counted = {
        "provinces before": len(source.old_provinces),
        "districts before": len(source.old_districts),
        "communes before": len(source.old_communes),
        "districts without communes": len(districts_without_communes(source)),
        "provinces after": len(source.new_provinces),
        "communes after": len(source.new_communes),
    }
    if counted != EXPECTED:
        raise SourceError(f"counts {counted}, expected {EXPECTED}")


def districts_without_communes(source: Source) -> set[str]:
    """Return the keys of the island districts that governed without communes."""
    return source.old_districts.keys() - {_parent_key(key) for key in source.old_communes}


def _parent_key(key: str) -> str:
    return key.rsplit("_", 1)[0]


# --------------------------------------------------------------------------------------- derive


def derive(source: Source) -> tuple[list[UnitRow], list[SuccessionRow]]:
    """Make the rows of both tables, sorted: units by tier, code and time; successions by their ids."""
    province_links = {old: [(new, True)] for old, new in source.province_conversion.items()}
    old_provinces = {key: f"p{place.code}.1" for key, place in source.old_provinces.items()}
    old_districts = {key: f"d{place.code}.1" for key, place in source.old_districts.items()}
    old_communes = {key: f"c{place.code}.1" for key, place in source.old_communes.items()}
    new_provinces = _new_ids("p", source.new_provinces, source.old_provinces, old_provinces, province_links)
    new_communes = _new_ids("c", source.new_communes, source.old_communes, old_communes, source.conversion)

    units = [_nation_row()]
    units += _provinces(source, old_provinces, new_provinces)
    for key, place in trusted_points(source.old_districts, source).items():
        parent = old_provinces[_parent_key(key)]
        units.append(_unit_row(old_districts[key], "district", parent, place, BEFORE))
    for key, place in trusted_points(source.old_communes, source).items():
        parent = old_districts[_parent_key(key)]
        units.append(_unit_row(old_communes[key], "commune", parent, place, BEFORE))
    for key, place in source.new_communes.items():
        parent = new_provinces[_parent_key(key)]
        units.append(_unit_row(new_communes[key], "commune", parent, place, AFTER))

    successions = _successions(
        province_links, old_provinces, new_provinces, source.old_provinces, source.new_provinces
    )
    # The five island districts without communes are the only districts with a successor.
    successions += _successions(
        source.conversion,
        old_communes | old_districts,
        new_communes,
        source.old_communes | source.old_districts,
        source.new_communes,
    )
    tiers = ("nation", "province", "district", "commune")
    units.sort(key=lambda row: (tiers.index(row.tier), row.code, row.valid_from))
    successions.sort(key=astuple)
    return units, successions


def trusted_points(old: dict[str, Place], source: Source) -> dict[str, Place]:
    """Blank the coordinates of old units that lie too far from their default successor to be true.

    The source found the points of the old map by address search, which now and then hit a homonym in
    another province or, for the islands, the mainland; the points of the new map have no such outliers.
    """
    trusted = {}
    for key, place in old.items():
        successor = next((new for new, default in source.conversion.get(key, ()) if default), None)
        if successor is None or _distance_km(place, source.new_communes[successor]) <= FARTHEST_POINT_KM:
            trusted[key] = place
        else:
            trusted[key] = replace(place, latitude=None, longitude=None)
    return trusted


def _distance_km(one: Place, other: Place) -> float:
    """Return the distance of two points on a local plane; good to a percent over a hundred kilometres."""
    if one.latitude is None or one.longitude is None or other.latitude is None or other.longitude is None:
        return 0.0
    north = 111.2 * (one.latitude - other.latitude)
    east = 111.2 * (one.longitude - other.longitude) * math.cos(math.radians(one.latitude))
    return math.hypot(north, east)


def _sources_of(links: Conversion) -> dict[str, list[str]]:
    sources: defaultdict[str, list[str]] = defaultdict(list)
    for old, parts in links.items():
        for new, _ in parts:
            sources[new].append(old)
    return dict(sources)


def _same_place(old: str, links: Conversion, sources: dict[str, list[str]]) -> bool:
    """Tell whether a unit went over whole and alone: sole successor, whose sole predecessor it is."""
    return len(links[old]) == 1 and len(sources[links[old][0][0]]) == 1


def _new_ids(
    letter: str,
    new: dict[str, Place],
    old: dict[str, Place],
    old_ids: dict[str, str],
    links: Conversion,
) -> dict[str, str]:
    """Give the units of the new map their ids: the old one of the same place, else the code's next number."""
    sources = _sources_of(links)
    held_before = {place.code for place in old.values()}
    ids = {}
    for key, place in new.items():
        first = sources[key][0]
        if first in old_ids and _same_place(first, links, sources):
            if old[first].code != place.code:
                raise SourceError(f"{place.full_name} is the same place under a new code {place.code}")
            ids[key] = old_ids[first]
        else:
            ids[key] = f"{letter}{place.code}.{2 if place.code in held_before else 1}"
    return ids


def _provinces(source: Source, old_ids: dict[str, str], new_ids: dict[str, str]) -> list[UnitRow]:
    """Make the provinces' rows; one that was neither merged nor renamed keeps one row over the reform."""
    rows = []
    kept = set()
    for key, place in source.old_provinces.items():
        successor = source.province_conversion[key]
        after = source.new_provinces[successor]
        if new_ids[successor] == old_ids[key] and after.full_name == place.full_name:
            kept.add(successor)
            rows.append(_unit_row(old_ids[key], "province", NATION_ID, after, ALWAYS))
        else:
            rows.append(_unit_row(old_ids[key], "province", NATION_ID, place, BEFORE))
    for key, place in source.new_provinces.items():
        if key not in kept:
            rows.append(_unit_row(new_ids[key], "province", NATION_ID, place, AFTER))
    return rows


def _nation_row() -> UnitRow:
    return UnitRow(
        NATION_ID, NATION_ID, "nation", "quốc gia", "Việt Nam", "Việt Nam", "", *ALWAYS, "", "", ""
    )


def _unit_row(unit_id: str, tier: str, parent: str, place: Place, span: tuple[str, str]) -> UnitRow:
    type_, name = split_type(place.full_name)
    return UnitRow(
        unit_id=unit_id,
        code=place.code,
        tier=tier,
        type=type_,
        name=name,
        full_name=place.full_name,
        parent_id=parent,
        valid_from=span[0],
        valid_to=span[1],
        latitude=_number(place.latitude),
        longitude=_number(place.longitude),
        area_km2=_number(place.area_km2),
    )


def split_type(full_name: str) -> tuple[str, str]:
    """Split "Xã Đức Trọng" into its type in lower case and its name.

    The full name decides, not the source's type column, which contradicts it in seven rows.
    """
    word = next(word for word in TYPES if full_name.startswith(f"{word} "))
    return word.lower(), full_name[len(word) + 1 :]


def _number(value: float | None) -> str:
    return "" if value is None else repr(value)


def _successions(
    links: Conversion,
    old_ids: dict[str, str],
    new_ids: dict[str, str],
    old: dict[str, Place],
    new: dict[str, Place],
) -> list[SuccessionRow]:
    sources = _sources_of(links)
    rows = []
    for old_key, parts in links.items():
        for new_key, is_default in parts:
            if len(parts) > 1:
                relation = "divided_into"
            elif not _same_place(old_key, links, sources):
                relation = "merged_into"
            elif old[old_key].full_name == new[new_key].full_name:
                relation = "continues"
            else:
                relation = "renamed"
            rows.append(
                SuccessionRow(
                    old_ids[old_key], new_ids[new_key], REFORM.isoformat(), relation, str(is_default).lower()
                )
            )
    return rows


# ---------------------------------------------------------------------------------------- write


def attribution(folder: Path, source: Source, units: list[UnitRow], successions: list[SuccessionRow]) -> str:
    """Return the text of ATTRIBUTION.txt: provenance, the source's licence, counts."""
    info = folder / "vietnamadminunits-1.0.4.dist-info"
    if not info.is_dir():
        raise SourceError("vietnamadminunits-1.0.4.dist-info is missing: wrong version?")
    licence = (info / "licenses" / "LICENSE").read_text(encoding="utf-8").strip()
    before = Counter(row.tier for row in units if not row.valid_from)
    after = Counter(row.tier for row in units if not row.valid_to)
    without_point = sum(not row.latitude for row in units if row.tier != "nation")
    relations = Counter(row.relation for row in successions)
    counts = [
        f"units.csv: {len(units)} rows, {len({row.unit_id for row in units})} units",
        f"to {LAST_DAY_BEFORE.isoformat()}: "
        + ", ".join(f"{n} {tier}" for tier, n in sorted(before.items())),
        f"from {REFORM.isoformat()}: " + ", ".join(f"{n} {tier}" for tier, n in sorted(after.items())),
        f"successions.csv: {len(successions)} rows, "
        + ", ".join(f"{n} {relation}" for relation, n in sorted(relations.items())),
        f"old units whose coordinates are distrusted and left blank: {without_point}",
        f"links of the source left out for a commune of the same name: {len(source.dropped_links)}",
    ]
    return "\n".join(
        [
            "Administrative units of Viet Nam before and after 1 July 2025.",
            "",
            "Derived by scripts/build_units.py from the data files dataset.db and converter_2025.json of the",
            "Python package vietnamadminunits 1.0.4 (https://github.com/tranngocminhhieu/vietnamadminunits),",
            "used under the licence below. The ids, the spans of validity and the relations are ours.",
            "",
            licence,
            "",
            "Counts:",
            *counts,
            "",
        ]
    )


def write_zip(out: Path, units: list[UnitRow], successions: list[SuccessionRow], notice: str) -> None:
    """Write the three parts with fixed times, order and permissions."""
    out.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(out, "w") as archive:
        parts = (
            ("units.csv", _csv(units, [field.name for field in fields(UnitRow)])),
            ("successions.csv", _csv(successions, [field.name for field in fields(SuccessionRow)])),
            ("ATTRIBUTION.txt", notice),
        )
        for name, text in parts:
            info = zipfile.ZipInfo(name, ZIP_TIME)
            info.create_system = 3
            info.external_attr = 0o644 << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, text.encode(), compresslevel=9)


def _csv(rows: Sequence[UnitRow | SuccessionRow], header: list[str]) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(astuple(row) for row in rows)
    return buffer.getvalue()


if __name__ == "__main__":
    sys.exit(main())
