"""The regimes, points and rounds of certificates: what is shipped, what a site may replace, what is refused."""

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocop_pipeline.catalogue.certificates import (
    POINT_COLUMNS,
    REGIME_COLUMNS,
    ROUND_COLUMNS,
    load_certificates,
)
from ocop_pipeline.catalogue.errors import CatalogueError
from ocop_pipeline.catalogue.loading import load_catalogue
from ocop_pipeline.domain.certificates import (
    RECOGNISED,
    Level,
    Star,
    add_months,
    next_round,
    round_days,
    star_of_score,
)
from ocop_pipeline.paths import CATALOGUE_DATA

SHIPPED = load_certificates()
REGIMES = SHIPPED.regimes

FILES = {
    "certificates.csv": (
        REGIME_COLUMNS,
        [
            "one,A,,2023-02-23,36,,,,,,Nguồn,S",
            "two,B,2023-02-24,,24,90,province,province,province,ministry,Nguồn,S",
        ],
    ),
    "rounds.csv": (ROUND_COLUMNS, ["two,province,6,30,Nguồn,2"]),
    "star_classes.csv": (
        POINT_COLUMNS,
        [
            "two,part,A,0,40,Nguồn,S",
            "two,part,B,0,25,Nguồn,S",
            "two,part,C,0,35,Nguồn,S",
            "two,class,5,90,100,Nguồn,S",
            "two,class,4,70,90,Nguồn,S",
            "two,class,3,50,70,Nguồn,S",
            "two,class,2,30,50,Nguồn,S",
            "two,class,1,0,30,Nguồn,S",
        ],
    ),
}
"""A small catalogue of its own: name of the file, header, rows."""


def write(folder: Path, changed: dict[str, dict[int, str | None]] | None = None) -> list[Path]:
    """Write the small catalogue with some lines (counted as in the file) replaced, or left out with None."""
    paths = []
    for name, (columns, rows) in FILES.items():
        lines = dict(enumerate(rows, start=2)) | (changed or {}).get(name, {})
        text = "\n".join([",".join(columns), *(lines[n] for n in sorted(lines) if lines[n] is not None)])
        path = folder / name
        path.write_text(text + "\n", encoding="utf-8")
        paths.append(path)
    return paths


@pytest.mark.parametrize(
    ("day", "code", "three_stars"),
    [
        (date(2019, 8, 20), "before_1048", None),
        (date(2019, 8, 21), "qd1048", Level.PROVINCE),
        (date(2023, 2, 23), "qd1048", Level.PROVINCE),
        (date(2023, 2, 24), "qd148", Level.DISTRICT),
        (date(2025, 7, 5), "qd148", Level.DISTRICT),
        (date(2025, 7, 6), "qd1489", Level.PROVINCE),
        (date(2026, 5, 21), "qd1489", Level.PROVINCE),
        (date(2026, 5, 22), "qd26", Level.PROVINCE),
        (date.min, "before_1048", None),
        (date.max, "qd26", Level.PROVINCE),
    ],
)
def test_the_day_of_decision_decides_the_regime(day: date, code: str, three_stars: Level | None) -> None:
    """Each decision of the Prime Minister rules from its day on; 3 stars were the district's only under QĐ 148."""
    regime = REGIMES.on(day)
    assert regime.code == code
    assert regime.levels.get(Star.THREE) is three_stars


def test_four_stars_are_the_provinces_and_five_the_ministrys() -> None:
    """In every regime with a text, and the province has the say on potential 5."""
    for regime in REGIMES.all[1:]:
        assert regime.levels[Star.FOUR] is regime.levels[Star.POTENTIAL_FIVE] is Level.PROVINCE
        assert regime.levels[Star.FIVE] is Level.MINISTRY
        assert set(regime.levels) == set(RECOGNISED)


@given(st.dates())
def test_every_day_has_one_regime_of_36_months(day: date) -> None:
    """36 months in every regime so far, as the warehouse counts; no day is without a regime or has two."""
    assert [regime for regime in REGIMES.all if regime.in_force(day)] == [REGIMES.on(day)]
    assert REGIMES.expiry(day) == add_months(day, 36)


def test_an_extension_is_known_since_2026_only() -> None:
    """180 days by a decision under QĐ 26/2026, of older certificates too; before it no length is known."""
    old = date(2023, 6, 15)
    assert REGIMES.expiry(old, [date(2026, 6, 1)]) == date(2026, 6, 15) + timedelta(days=180)
    assert REGIMES.expiry(old, [date(2026, 5, 21)]) == date(2026, 6, 15)
    assert [regime.code for regime in REGIMES.all if regime.extension_days] == ["qd26"]


def test_confidence_is_never_promoted() -> None:
    """What no text was seen for is an assumption or second-hand, and marked so."""
    assert {regime.code: regime.confidence for regime in REGIMES.all} == {
        "before_1048": "A",
        "qd1048": "S",
        "qd148": "S",
        "qd1489": "S",
        "qd26": "2",
    }


def test_points_of_the_parts() -> None:
    """QĐ 1048 gave 35, 25 and 40 points, QĐ 148 and QĐ 26 give 40, 25 and 35; nothing is known before."""
    points = {regime.code: [int(high) for high in regime.parts.values()] for regime in REGIMES.all}
    assert points == {
        "before_1048": [],
        "qd1048": [35, 25, 40],
        "qd148": [40, 25, 35],
        "qd1489": [40, 25, 35],
        "qd26": [40, 25, 35],
    }


@pytest.mark.parametrize("regime", REGIMES.all[1:], ids=lambda regime: regime.code)
def test_points_seen_in_real_decisions(regime: object) -> None:
    """91,14 and exactly 90 were sent up as potential 5 stars, exactly 70 was given 4 stars."""
    stars = [star_of_score(Decimal(points), regime) for points in ("91.14", "90", "70", "50", "49.9")]
    assert stars == [Star.POTENTIAL_FIVE, Star.POTENTIAL_FIVE, Star.FOUR, Star.THREE, Star.NONE]


def test_rounds_have_days_only_since_they_were_set() -> None:
    """QĐ 26/2026 names 30/6 and 30/12 for the province, 30/3 and 30/9 for the ministry; before it no day."""
    whole = date(2018, 1, 1), date(2027, 12, 31)
    assert round_days(SHIPPED.rounds, Level.PROVINCE, *whole) == (
        date(2026, 6, 30),
        date(2026, 12, 30),
        date(2027, 6, 30),
        date(2027, 12, 30),
    )
    assert round_days(SHIPPED.rounds, Level.MINISTRY, *whole) == (
        date(2026, 9, 30),
        date(2027, 3, 30),
        date(2027, 9, 30),
    )
    assert round_days(SHIPPED.rounds, Level.DISTRICT, *whole) == ()
    assert next_round(SHIPPED.rounds, date(2027, 9, 15), date(2026, 11, 22), Level.PROVINCE) == date(
        2027, 6, 30
    )


def test_they_are_part_of_the_catalogue(tmp_path: Path) -> None:
    """A site's own file replaces ours of that name, and the catalogue's digest tells."""
    ours = load_catalogue()
    assert ours.certificates.regimes.all == REGIMES.all
    assert ours.certificates.rounds == SHIPPED.rounds
    folder = tmp_path / "catalogue"
    folder.mkdir()
    rounds = (CATALOGUE_DATA / "rounds.csv").read_text(encoding="utf-8")
    own = rounds + "qd1489,province,11,15,Kế hoạch của tỉnh,A\n"
    (folder / "rounds.csv").write_text(own, encoding="utf-8")
    site = load_catalogue(tmp_path)
    assert site.digest != ours.digest
    days = round_days(site.certificates.rounds, Level.PROVINCE, date(2025, 1, 1), date(2026, 5, 21))
    assert days == (date(2025, 11, 15),)


def test_a_small_catalogue_is_accepted(tmp_path: Path) -> None:
    """What is refused below is refused for what was changed in it."""
    own = load_certificates(*write(tmp_path))
    assert own.regimes.expiry(date(2024, 1, 31)) == date(2026, 1, 31)
    assert own.regimes.expiry(date(2023, 1, 31)) == date(2026, 1, 31)
    assert [held.regime for held in own.rounds] == ["two"]


ONE, TWO = FILES["certificates.csv"][1]


@pytest.mark.parametrize(
    ("file", "line", "text", "row", "reason"),
    [
        (
            "certificates.csv",
            3,
            TWO.replace("2023-02-24", "2023-02-26"),
            3,
            "no regime from 2023-02-24 to 2023-02-25",
        ),
        ("certificates.csv", 3, TWO.replace("2023-02-24", "2023-02-23"), 3, "overlaps"),
        ("certificates.csv", 3, TWO.replace("2023-02-24", ""), 3, "overlaps"),
        (
            "certificates.csv",
            2,
            ONE.replace("A,,", "A,2019-01-01,"),
            2,
            "first regime must have no valid_from",
        ),
        ("certificates.csv", 2, ONE.replace("2023-02-23", ""), 2, "only the last, has no valid_to"),
        ("certificates.csv", 3, TWO.replace("24,,", "24,2030-01-01,"), 3, "has no valid_to"),
        ("certificates.csv", 3, TWO.replace(",24,", ",0,"), 3, "'months' must be from 1 to 120"),
        ("certificates.csv", 3, TWO.replace(",24,", ",,"), 3, "'months' is blank"),
        ("certificates.csv", 3, TWO.replace(",90,", ",-90,"), 3, "'extension_days' must be"),
        ("certificates.csv", 3, TWO.replace("ministry", "commune"), 3, "'level_5' must be one of"),
        ("certificates.csv", 3, TWO.replace("Nguồn", ""), 3, "'source' is blank"),
        ("certificates.csv", 3, TWO.replace(",S", ",X"), 3, "'confidence' must be one of"),
        ("certificates.csv", 3, TWO.replace("two", "one"), 3, "stands already in line 2"),
        ("certificates.csv", 3, TWO + ",", 3, "13 values for 12 columns"),
        ("rounds.csv", 2, "three,province,6,30,Nguồn,2", 2, "'regime' must be one of one, two"),
        ("rounds.csv", 2, "two,commune,6,30,Nguồn,2", 2, "'level' must be one of"),
        ("rounds.csv", 2, "two,province,6,31,Nguồn,2", 2, "not every year has a day 31/6"),
        ("rounds.csv", 2, "two,province,2,29,Nguồn,2", 2, "not every year has a day 29/2"),
        ("rounds.csv", 2, "two,province,,30,Nguồn,2", 2, "'month' is blank"),
        ("rounds.csv", 3, "two,province,6,30,Nguồn khác,2", 3, "stands already in line 2"),
        ("star_classes.csv", 2, "three,part,A,0,40,Nguồn,S", 2, "'regime' must be one of one, two"),
        ("star_classes.csv", 2, "two,part,D,0,40,Nguồn,S", 2, "'name' must be one of A, B, C"),
        (
            "star_classes.csv",
            2,
            "two,part,A,0,41,Nguồn,S",
            5,
            "class 5 must end where the one above begins, at 101",
        ),
        ("star_classes.csv", 2, "two,part,A,5,40,Nguồn,S", 2, "a part begins at 0 points"),
        ("star_classes.csv", 2, None, 2, "two must have the parts A, B, C"),
        ("star_classes.csv", 7, None, 2, "two must have the classes 5, 4, 3, 2, 1"),
        (
            "star_classes.csv",
            6,
            "two,class,4,71,90,Nguồn,S",
            7,
            "class 3 must end where the one above begins, at 71",
        ),
        ("star_classes.csv", 6, "two,class,4,90,90,Nguồn,S", 6, "points must go up"),
        ("star_classes.csv", 9, "two,class,1,10,30,Nguồn,S", 9, "the lowest class must begin at 0 points"),
        ("star_classes.csv", 9, "two,class,1,-1,30,Nguồn,S", 9, "from 0 or more"),
        ("star_classes.csv", 9, "two,class,1,0,30,,S", 9, "'source' is blank"),
        ("star_classes.csv", 10, "two,class,1,0,30,Nguồn khác,S", 10, "stands already in line 9"),
    ],
)
def test_bad_rows_are_refused(
    tmp_path: Path, file: str, line: int, text: str | None, row: int, reason: str
) -> None:
    """Every refusal names file, line and reason."""
    with pytest.raises(CatalogueError, match=reason) as caught:
        load_certificates(*write(tmp_path, {file: {line: text}}))
    assert (caught.value.file, caught.value.row) == (file, row)


def test_no_regime_at_all_is_refused(tmp_path: Path) -> None:
    """An empty table of regimes would leave every decision without a term."""
    with pytest.raises(CatalogueError, match="there is no regime"):
        load_certificates(*write(tmp_path, {"certificates.csv": {2: None, 3: None}}))
