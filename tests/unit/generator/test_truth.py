"""The sums of the truth obey the laws of the kinds of indicator."""

from datetime import date
from decimal import Decimal

import pytest

from ocop_pipeline.catalogue import Catalogue
from ocop_pipeline.domain.indicators import Kind, Source
from ocop_pipeline.domain.periods import Period
from ocop_pipeline.generator import ProductTruth, RecognitionTruth, Truth
from ocop_pipeline.generator.truth import describe
from tests.unit.generator.conftest import Country

P = "p"


def province_of(country: Country, period: str) -> str:
    """The id of the country's province in a month."""
    return country.truth.expected(period, "OCOP-TI")[0][1]


def added(values: list[Decimal | None]) -> Decimal | None:
    """The sum of what is given; None when nothing is."""
    given = [value for value in values if value is not None]
    return sum(given, Decimal(0)) if given else None


def test_parent_is_the_sum_of_children(three_tiers: Country, catalogue: Catalogue) -> None:
    """A flow or stock of the province is that of its districts plus its departments' own; so below."""
    truth, period = three_tiers.truth, "2025-05"
    province = province_of(three_tiers, period)
    districts = [sender[1] for sender in truth.expected(period, "OCOP-HU")]
    own = [values for sender, values in truth.values[period].items() if sender[1] == province]
    compared = 0
    for code, indicator in catalogue.indicators.items():
        if indicator.kind in (Kind.RATIO, Kind.DISTINCT) or indicator.source is not Source.FORM:
            continue
        for breakdown in {
            key[1] for values in truth.values[period].values() for key in values if key[0] == code
        }:
            parts = [truth.value(period, unit, code, breakdown) for unit in districts]
            parts += [values.get((code, breakdown)) for values in own]
            assert truth.value(period, province, code, breakdown) == added(parts)
            compared += 1
    assert compared > 80


def test_a_district_adds_its_communes_and_itself(three_tiers: Country) -> None:
    """What a district reports itself is added to what its communes report."""
    truth, period = three_tiers.truth, "2025-05"
    for _, district, _ in truth.expected(period, "OCOP-HU"):
        below = [
            values["TT04", ""]
            for sender, values in truth.values[period].items()
            if district in truth.above[period][sender[1]]
        ]
        assert truth.value(period, district, "TT04") == sum(below)


def test_flows_add_over_months_and_stocks_do_not(three_tiers: Country) -> None:
    """Luỹ kế of a flow is the sum of the months that have files; of a stock it is the last month's."""
    truth = three_tiers.truth
    province = province_of(three_tiers, "2025-05")
    months = [truth.value(month, province, "TT04") for month in ("2025-04", "2025-05")]
    for span in ("quarter_to_date", "year_to_date"):
        assert truth.value("2025-05", province, "TT04", span=span) == added(months)
        assert truth.value("2025-05", province, "TT02", span=span) == truth.value("2025-05", province, "TT02")


def test_counts_are_not_sums(demo: Country) -> None:
    """A producer with products in two communes counts once above them: less than the sum of the communes."""
    truth = demo.truth
    province = province_of(demo, "2026-10")
    communes = [sender[1] for sender in truth.expected("2026-10", "OCOP-XA")]
    counts = [truth.value("2026-10", unit, "CH01") or Decimal(0) for unit in communes]
    assert Decimal(0) < (truth.value("2026-10", province, "CH01") or 0) < sum(counts)
    products = [truth.value("2026-10", unit, "SP03") or Decimal(0) for unit in communes]
    assert truth.value("2026-10", province, "SP03") == sum(products)


def test_stars_add_up(demo: Country) -> None:
    """The parts by star, kind, group and level of a count are its total."""
    truth, province = demo.truth, province_of(demo, "2026-10")
    parts = {
        "star": ("3", "4", "potential_5", "5"),
        "recognition_kind": ("first", "upgrade", "again"),
        "recognising_level": ("district", "province", "ministry"),
        "product_group": ("food", "drink", "medicinal", "craft", "ornamental", "tourism"),
    }
    for dimension, codes in parts.items():
        values = [
            truth.value("2026-10", province, "SP01", f"{dimension}={code}", "year_to_date") for code in codes
        ]
        assert added(values) == truth.value("2026-10", province, "SP01", span="year_to_date")


def test_districts_list_the_same_products(three_tiers: Country) -> None:
    """A product in the register of a commune and of its district is one product."""
    keys = [(product.name, product.producer) for product in three_tiers.truth.products]
    assert len(keys) == len(set(keys))
    province = province_of(three_tiers, "2025-05")
    assert three_tiers.truth.value("2025-05", province, "SP02") == len(
        [product for product in three_tiers.truth.products if product.latest(Period("2025-05").end)]
    )


def test_what_was_not_accepted_does_not_count(demo: Country) -> None:
    """A returned, silent or set-aside commune is missing and has no figure; its known register stands."""
    truth = demo.truth
    missing = {sender[1] for sender in truth.missing("2026-10", "OCOP-XA")}
    returned = {file.unit_id for file in truth.files if file.verdict in ("returned", "set_aside")}
    kept = {file.unit_id for file in truth.files if file.period == "2026-10" and file.counts}
    assert returned - kept <= missing
    assert {sender[1] for sender in truth.silent("2026-10")} <= missing
    for unit_id in missing:
        assert truth.value("2026-10", unit_id, "TT04") is None
        assert None not in (truth.value("2026-10", unit_id, "SP01"), truth.value("2026-10", unit_id, "SP03"))
    assert len(truth.reported("2026-10")) + len(truth.missing("2026-10")) == len(truth.expected("2026-10"))


def small_truth(catalogue: Catalogue) -> Truth:
    """Two communes of one province over two months, reckoned by hand in the tests below."""
    truth = Truth(indicators=describe(catalogue.indicators))
    a, b = ("OCOP-XA", "a", ""), ("OCOP-XA", "b", "")
    for month in ("2026-01", "2026-02"):
        truth.senders[month] = [a, b]
        truth.above[month] = {"a": ["a", P], "b": ["b", P]}
    truth.values["2026-01"] = {
        a: {
            ("TT04", ""): Decimal(3),
            ("TT01", ""): Decimal(10),
            ("TT02", ""): Decimal(20),
            ("CD01", ""): Decimal(1),
        },
        b: {("TT04", ""): Decimal(2), ("TT02", ""): Decimal(60), ("CD01", ""): Decimal(0)},
    }
    truth.values["2026-02"] = {
        a: {
            ("TT04", ""): Decimal(1),
            ("TT01", ""): Decimal(15),
            ("TT02", ""): Decimal(20),
            ("CD01", ""): Decimal(1),
        },
    }
    homes = {"2026-01": "a", "2026-02": "a"}
    groups = {"2026-01": "food", "2026-02": "food"}
    decided = [date(2023, 1, 20), date(2026, 1, 10)]
    events = [RecognitionTruth("3", "first", "province", "x", "1", day) for day in decided]
    truth.products = [
        ProductTruth("Tea", "Maker", "household", groups, homes, (events[0],)),
        ProductTruth("Jam", "Maker", "household", groups, homes, (events[1],)),
    ]
    return truth


def test_reckoned_by_hand(catalogue: Catalogue) -> None:
    """Sums, answers, ratios and spans of a country small enough to reckon by hand."""
    truth = small_truth(catalogue)
    assert truth.value("2026-01", P, "TT04") == 5
    assert truth.value("2026-02", P, "TT04") == 1
    assert truth.value("2026-02", P, "TT04", span="year_to_date") == 6
    assert truth.value("2026-02", "b", "TT04") is None
    assert truth.value("2026-02", "b", "TT04", span="year_to_date") == 2
    assert truth.value("2026-01", P, "CD01") == 1
    # The second commune gives no numerator: it stays out of the ratio, 10 of 20 and not 10 of 80.
    assert truth.value("2026-01", P, "TT03") == Decimal("50.0000")
    assert truth.value("2026-02", P, "TT03", span="year_to_date") == Decimal("75.0000")
    assert truth.value("2026-02", P, "TT02", span="quarter_to_date") == 20


def test_certificates_by_hand(catalogue: Catalogue) -> None:
    """A certificate of 20/01/2023 lapses on 20/01/2026, in the window of February: valid in January only."""
    truth = small_truth(catalogue)
    assert truth.value("2026-01", P, "SP02") == 2
    assert truth.value("2026-01", P, "SP03") == 2
    assert truth.value("2026-01", P, "SP06", "horizon=3") == 1
    assert truth.value("2026-01", P, "SP06") == 1
    assert truth.value("2026-02", P, "SP03") == 1
    assert truth.value("2026-02", P, "SP04") == 1
    assert truth.value("2026-01", P, "SP04") == 0
    assert truth.value("2026-01", P, "SP01") == 1
    assert truth.value("2026-02", P, "SP01", span="year_to_date") == 1
    assert truth.value("2026-01", P, "CH01") == 1
    assert truth.value("2026-01", P, "SP07A") == 1
    assert truth.value("2026-01", P, "SP07B") == 2
    assert truth.value("2026-01", P, "SP07") == Decimal("50.0000")


def test_unknown_units_have_no_figures(catalogue: Catalogue) -> None:
    """A unit or month that was not generated is refused: 0 would be taken for a figure."""
    truth = small_truth(catalogue)
    for period, unit_id in (("2026-01", "elsewhere"), ("2026-03", P)):
        with pytest.raises(KeyError):
            truth.value(period, unit_id, "SP03")


def test_only_registers_make_products_known(demo: Country) -> None:
    """What only a returned register shows is not known, and departments make nothing known."""
    truth = demo.truth
    end = Period("2026-10").end
    missing = {sender[1] for sender in truth.missing("2026-10", "OCOP-XA")}
    shown = [product for product in truth.products if product.homes["2026-10"] in missing]
    assert shown
    assert all(event.decision_date <= Period("2026-09").end < end for p in shown for event in p.recognitions)
