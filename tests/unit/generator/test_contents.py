"""What sound reports say, read back from the files themselves."""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocop_pipeline.catalogue import Catalogue
from ocop_pipeline.domain.certificates import add_months
from ocop_pipeline.domain.indicators import PartRule, Source
from ocop_pipeline.domain.periods import Period
from ocop_pipeline.domain.units import Tier, name_key
from ocop_pipeline.generator import FileTruth
from ocop_pipeline.generator.faults import other_tone_place
from ocop_pipeline.generator.figures import split
from ocop_pipeline.generator.register import invent_register
from tests.unit.generator.conftest import Country
from tests.unit.generator.reading import ReadBack, number


def sound_files(country: Country, catalogue: Catalogue) -> Iterator[tuple[FileTruth, ReadBack]]:
    """The accepted workbooks of a country, opened."""
    layouts = {layout.code: layout for layout in catalogue.layouts}
    for file in country.truth.files:
        if file.verdict == "accepted" and file.path.endswith(".xlsx"):
            if file.path not in country.opened:
                country.opened[file.path] = ReadBack(country.path(file.path), layouts[file.layout])
            yield file, country.opened[file.path]


@pytest.fixture(scope="module", params=["demo", "three_tiers"])
def opened(request: pytest.FixtureRequest, catalogue: Catalogue) -> list[tuple[FileTruth, ReadBack]]:
    """All accepted workbooks of both countries."""
    return list(sound_files(request.getfixturevalue(request.param), catalogue))


def test_totals_equal_parts(opened: list[tuple[FileTruth, ReadBack]], catalogue: Catalogue) -> None:
    """In a sound report parts that must add up do, and no part exceeds its total; blanks count as 0."""
    checked = 0
    for file, book in opened:
        figures = {key: number(value) or Decimal(0) for key, value in book.figures().items()}
        lines = catalogue.lines(file.form, Period(file.period).end)
        for indicator in catalogue.indicators.values():
            for rule in indicator.breakdowns:
                parts = [
                    figures[key]
                    for line in lines
                    if line.indicator == indicator.code and line.breakdown.startswith(f"{rule.dimension}=")
                    if (key := (line.part, line.line_code, line.field)) in figures
                ]
                total = figures.get(("grid", indicator.code, indicator.measure), Decimal(0))
                if any(parts):
                    checked += 1
                    assert max(parts) <= total
                    assert rule.rule is not PartRule.PARTS or sum(parts) == total
    assert checked > 300


def test_parts_never_exceed_wholes(opened: list[tuple[FileTruth, ReadBack]], catalogue: Catalogue) -> None:
    """Whoever is informed, reached or trained is one of all; both figures of a ratio stand or neither."""
    ratios = [(row.numerator, row.denominator) for row in catalogue.indicators.values() if row.numerator]
    checked = 0
    for _, book in opened:
        figures = book.figures()
        for part, whole in ratios:
            one, other = (number(figures.get(("grid", str(code), "closing"))) for code in (part, whole))
            assert (one is None) == (other is None)
            if one is not None and other is not None:
                checked += 1
                assert one <= other
    assert checked > 300


def test_funds_are_in_order(opened: list[tuple[FileTruth, ReadBack]]) -> None:
    """Settled is at most disbursed, disbursed at most planned, and the cells add up to the total."""
    for _, book in opened:
        lines: dict[str, dict[str, Decimal]] = {}
        for (part, code, name), value in book.figures().items():
            if part == "funding":
                lines.setdefault(code, {})[name] = number(value) or Decimal(0)
        assert len(lines) > 1
        for name in ("planned", "disbursed", "settled"):
            cells = sum(
                (line.get(name, Decimal(0)) for code, line in lines.items() if code != "KP"), Decimal(0)
            )
            assert cells == lines["KP"].get(name, Decimal(0))
        for line in lines.values():
            assert line.get("settled", 0) <= line.get("disbursed", 0) <= line["planned"]


def test_required_lines_are_filled(opened: list[tuple[FileTruth, ReadBack]], catalogue: Catalogue) -> None:
    """Every required line of the layout in force has a figure, a word for nothing, or a yes or no."""
    for file, book in opened:
        figures = book.figures()
        for line in catalogue.lines(file.form, Period(file.period).end):
            if line.required:
                assert (line.part, line.line_code, line.field) in figures, (file.path, line.line_code)


def test_truth_is_what_stands_in_the_files(demo: Country, three_tiers: Country, catalogue: Catalogue) -> None:
    """The values of the truth are those of the files that count, figure by figure, blanks included."""
    for country in (demo, three_tiers):
        for file, book in sound_files(country, catalogue):
            if not file.counts:
                continue
            values = dict(country.truth.values[file.period][file.form, file.unit_id, file.agency])
            figures = book.figures()
            for line in catalogue.lines(file.form, Period(file.period).end):
                read = number(figures.pop((line.part, line.line_code, line.field), None))
                assert values.pop((line.indicator, line.breakdown), None) == read, (file.path, line.line_code)
            assert not values
            assert not figures


def test_grid_agrees_with_register(opened: list[tuple[FileTruth, ReadBack]], catalogue: Catalogue) -> None:
    """Recognitions in the grid, in all and by star, are the register's decisions of 15th to 14th."""
    stars = {item.name_vi: item.code for item in catalogue.code_lists.items("star")}
    seen = 0
    for file, book in opened:
        if file.form != "OCOP-XA":
            continue
        period = Period(file.period)
        counted: list[str] = []
        for row in book.rows("register"):
            for slot in ("first", "second"):
                day = as_day(row[f"{slot}_date"])
                if day is not None and period.contains(day):
                    star = row[f"{slot}_star"]
                    counted.append(stars.get(str(star), str(star)))
        figures = book.figures()
        assert number(figures["grid", "SP01", "in_period"]) == len(counted)
        for star in ("3", "4", "potential_5", "5"):
            assert (number(figures.get(("grid", f"SP01.star={star}", "in_period"))) or 0) == counted.count(
                star
            )
        seen += len(counted)
    assert seen > 3


def as_day(value: object) -> date | None:
    """A date however it was written: as a date, as text, or as a bare number of days."""
    if value is None or isinstance(value, date):
        return value.date() if hasattr(value, "date") else value  # type: ignore[union-attr, return-value]
    if isinstance(value, int | float):
        return date(1899, 12, 30) + timedelta(days=int(value))
    day, month, year = str(value).split("/")
    return date(int(year), int(month), int(day))


def test_register_rows_are_sound(opened: list[tuple[FileTruth, ReadBack]], catalogue: Catalogue) -> None:
    """A row's current star and expiry are those of its latest decision, years are those of the dates."""
    planted = {"EXPIRY_NOT_36_MONTHS", "YEAR_DISAGREES"}
    rows = 0
    for file, book in opened:
        if file.form == "OCOP-TI" or planted & {fault.code for fault in file.faults}:
            continue
        for row in book.rows("register"):
            rows += 1
            slot = "second" if row["second_date"] is not None else "first"
            latest, first = as_day(row[f"{slot}_date"]), as_day(row["first_date"])
            assert latest is not None
            assert first is not None
            assert first <= latest <= Period(file.period).end
            assert as_day(row["expiry_date"]) == add_months(latest, 36)
            assert row["current_star"] == row[f"{slot}_star"]
            assert row["first_year"] == first.year
            group = catalogue.groups.find(str(row["product_group"]), Period(file.period).end)
            assert group is not None
            if row["producer_name"] is not None:
                assert catalogue.code_lists.find("producer_type", str(row["producer_type"])) is not None
    assert rows > 100 or len(opened) > 100


def test_no_names_of_persons(opened: list[tuple[FileTruth, ReadBack]]) -> None:
    """Representative and telephone are blank everywhere."""
    rows = [row for file, book in opened if file.form != "OCOP-TI" for row in book.rows("register")]
    assert rows
    assert all(row["representative"] is None and row["phone"] is None for row in rows)


def test_later_registers_bring_only_what_is_new(three_tiers: Country, catalogue: Catalogue) -> None:
    """A sender's first register holds all it knows; the next one only products with a decision since."""
    for file, book in sound_files(three_tiers, catalogue):
        if file.form == "OCOP-TI" or file.period != "2025-05":
            continue
        for row in book.rows("register"):
            days = [as_day(row["first_date"]), as_day(row["second_date"])]
            assert max(day for day in days if day) > Period("2025-04").end


def test_stocks_move_slowly(three_tiers: Country) -> None:
    """From a month to the next a stock of people moves by a few, and disbursed funds never fall."""
    before, after = (three_tiers.truth.values[month] for month in ("2025-04", "2025-05"))
    assert set(before) == set(after)
    for sender, values in after.items():
        for (indicator, breakdown), value in values.items():
            was = before[sender].get((indicator, breakdown))
            if indicator == "TT02":
                assert abs(value - (was or 0)) <= 1
            if indicator in ("KP02", "KP03") and was is not None:
                assert value >= was


def test_funds_start_anew_in_january(catalogue: Catalogue, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Disbursements accumulate within a reporting year and begin again with the next."""
    from ocop_pipeline.generator import Options, generate

    months = ("2025-11", "2025-12", "2026-01")
    options = Options("12", months[-1], share=0.2, history=months[:-1], faults="none")
    truth = generate(catalogue, options, tmp_path_factory.mktemp("year"))
    sums = [sum(values["KP02", ""] for values in truth.values[month].values()) for month in months]
    assert sums[0] < sums[1]
    assert sums[2] < sums[1] / 2


def test_register_follows_the_regimes(catalogue: Catalogue) -> None:
    """Three stars: districts from 2023 to 30/06/2025, else provinces; five stars: the ministry."""
    last = Period("2026-10")
    province = catalogue.units.find_code("68", last.end, Tier.PROVINCE)
    assert province is not None
    communes = catalogue.units.descendants(province.unit_id, last.end, Tier.COMMUNE)[:60]
    products = invent_register(catalogue.units, communes, last, seed=3)
    events = [event for product in products for event in product.recognitions]
    assert {event.level for event in events} == {"district", "province", "ministry"}
    for event in events:
        by_district = event.star == "3" and date(2023, 1, 1) <= event.decision_date <= date(2025, 6, 30)
        level = "ministry" if event.star == "5" else "district" if by_district else "province"
        assert event.level == level
        assert event.body.startswith(("UBND", "Bộ"))
        assert event.decision_date.day not in (14, 15)
        assert event.expiry == add_months(event.decision_date, 36)
    for product in products:
        assert 1 <= len(product.recognitions) <= 2
        assert all(one.decision_date < other.decision_date for one, other in pairwise(product.recognitions))
    names = [(product.name, product.producer.name) for product in products]
    assert len(names) == len(set(names))


def test_a_commune_that_became_a_ward_had_its_products_before(catalogue: Catalogue) -> None:
    """Phường Trảng Bom (xã until 29/04/2026) has a home for its products in every month, on the old map too."""
    last = Period("2026-10")
    ward = catalogue.units.find_code("26248", last.end, Tier.COMMUNE)
    assert ward is not None
    products = [
        product
        for seed in range(4)
        for product in invent_register(catalogue.units, [ward], last, seed=seed, pace=3)
    ]
    homes = {product.home(catalogue.units, date(2025, 5, 14)).unit_id for product in products}
    came_from = {link.predecessor_id for link in catalogue.units.predecessors(ward.unit_id)}
    assert len(products) > 5
    assert homes
    assert homes <= came_from - {ward.unit_id}
    assert {product.home(catalogue.units, last.end) for product in products} == {ward}


@given(st.integers(0, 10_000), st.lists(st.floats(0, 100), min_size=1, max_size=12))
def test_split_is_exact(total: int, weights: list[float]) -> None:
    """However a total is shared out, the parts are not negative and add up to it."""
    parts = split(total, weights)
    assert sum(parts) == total
    assert min(parts) >= 0
    assert len(parts) == len(weights)


@pytest.mark.parametrize(
    ("text", "other"),
    [("Xã Hòa Ninh", "Xã Hoà Ninh"), ("Phường Phú Thủy", "Phường Phú Thuỷ"), ("Xã Quý Hợp", "Xã Quý Hợp")],
)
def test_other_place_of_the_tone(text: str, other: str) -> None:
    """The tone mark moves to the second vowel, never in qu-, and the name stays the same name."""
    assert other_tone_place(text) == other
    assert name_key(text) == name_key(other)


def test_register_source_indicators_are_not_invented(demo: Country, catalogue: Catalogue) -> None:
    """Valid products in the grid of a commune are the truth's own count from the register."""
    checked = 0
    for (form, unit_id, _), values in demo.truth.values["2026-10"].items():
        copied = any(
            fault.kind == "copied_last_month"
            for file in demo.truth.files
            if file.unit_id == unit_id
            for fault in file.faults
        )
        if form == "OCOP-XA" and not copied:
            checked += 1
            assert values["SP03", ""] == demo.truth.value("2026-10", unit_id, "SP03")
            assert values["CH01", ""] == demo.truth.value("2026-10", unit_id, "CH01")
            assert values["SP01", ""] == demo.truth.value("2026-10", unit_id, "SP01")
    assert checked > 90
    assert catalogue.indicators["SP03"].source is Source.REGISTER
