"""Plans: what the shipped ones hold, how they resolve, and what the loader refuses."""

import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from ocop_pipeline.catalogue import Catalogue
from ocop_pipeline.catalogue.errors import CatalogueError
from ocop_pipeline.catalogue.plans import PLAN_FILES, SAMPLE_TITLE, check_plans, load_plans
from ocop_pipeline.catalogue.units import load_units
from ocop_pipeline.domain.indicators import Breakdown, Indicator, Kind, PartRule, Source
from ocop_pipeline.domain.periods import STATISTICAL, Period
from ocop_pipeline.domain.plans import Binding, Measure, Plan, Recurrence, Shape, Target
from ocop_pipeline.domain.units import Tier

KNOWN = frozenset(
    {
        "CD01", "CD02", "CD03", "TT02", "TT03", "TT04", "TT05", "TT06", "TT07", "DT01", "DT02",
        "DT03", "DT03B", "DT04", "DT04B", "DT05", "DT05B", "CT01", "CT02", "CT03", "CT04", "CT05",
        "CT06", "SP01", "SP03", "SP07", "SP07B", "SP08", "CH02", "CH03", "CG01", "CG02", "CL01A",
        "CL01B", "CL02", "CL03", "XT01", "XT02", "XT03", "XT04", "XT05", "XT06", "KC01", "KC02",
        "KP01", "KP02", "KP03",
    }
)  # fmt: skip
PLANS = {plan.code: plan for plan in load_plans(PLAN_FILES, KNOWN)}
REAL = {code: plan for code, plan in PLANS.items() if not plan.is_sample}
LEVELS = {"recognising_level": ("district", "province", "ministry")}

SMALL = """\
code: small
is_sample: false
title_vi: Kế hoạch thử
issuing_body_vi: UBND huyện Xuân Lộc
unit: {code: "741", name_vi: Huyện Xuân Lộc, tier: district, on: 2019-05-27}
years: [2019]
scope_vi: Thử
source: Thử
confidence: S
targets:
  - code: M1
    text_vi: ít nhất 03 sản phẩm
    shape: at_least
    indicator: SP01
    measure: cumulative
    low: 3
    unit_vi: sản phẩm
    binds: self
    confidence: S
tasks:
  - code: NV01
    text_vi: tuyên truyền
    binds: each:commune
    indicators: [TT04]
"""


def indicator(code: str, *splits: Breakdown) -> Indicator:
    """An indicator of which only the code and the breakdowns matter here."""
    return Indicator(
        code=code, section="V", name_vi=code, name_en=code, kind=Kind.FLOW, value_type="number", unit_vi="x",
        decimals=0, breakdowns=splits, forms=(), required_on=(), source=Source.FORM, numerator=None,
        denominator=None, definition_vi="x", confidence="I", position=1,
    )  # fmt: skip


INDICATORS = {code: indicator(code) for code in KNOWN} | {
    "SP01": indicator("SP01", Breakdown("recognising_level", "recognising_level", PartRule.PARTS)),
    "DT03": replace(indicator("DT03"), source=Source.COMPUTED),
}


def load(folder: Path, text: str) -> Plan:
    """The one plan of this text."""
    path = folder / "small.yml"
    path.write_text(text, encoding="utf-8")
    return load_plans([path], KNOWN)[0]


def check(*plans: Plan) -> None:
    """Check plans against the real units and the indicators of this test."""
    check_plans(plans, load_units(), INDICATORS, lambda name: LEVELS[name])


def _lines_laid_out(catalogue: Catalogue, form: str, on: date) -> Iterator[str]:
    """Indicators that a form asks for on a day and that one of its layouts of that day has a line for."""
    for layout in catalogue.layouts:
        if layout.form != form or not (layout.valid_from or date.min) <= on <= (layout.valid_to or date.max):
            continue
        for line in catalogue.lines(form, on):
            if layout.line_keys is None or line.line_code in layout.line_keys.values():
                yield line.indicator


def target(plan: str, code: str) -> Target:
    """One target of a shipped plan."""
    return next(found for found in PLANS[plan].targets if found.code == code)


@pytest.mark.parametrize(
    ("code", "targets", "tasks"),
    [
        ("xuan-loc-2019", 11, 7),
        ("thua-thien-hue-2019-2020", 4, 14),
        ("dong-nai-2019-2020", 0, 15),
        ("tu-ky-2022", 6, 14),
        ("trung-khanh-2023", 5, 9),
    ],
)
def test_the_five_plans_are_whole(code: str, targets: int, tasks: int) -> None:
    """Each of the five local plans has every target and every duty its text gives.

    Tứ Kỳ gives three of its eleven duties to the district's offices and to the communes at once: two lines each.
    """
    assert (len(REAL[code].targets), len(REAL[code].tasks)) == (targets, tasks)


def test_real_plans_and_samples_are_told_apart() -> None:
    """Five plans are real; three are samples that say so in title, scope and notes."""
    assert len(REAL) == 5
    samples = [plan for plan in PLANS.values() if plan.is_sample]
    assert {(plan.unit_code, plan.tier, plan.years) for plan in samples} == {
        ("68", Tier.PROVINCE, (2026,)),
        ("68", Tier.PROVINCE, (2025,)),
        ("678", Tier.DISTRICT, (2025,)),
    }
    for plan in samples:
        assert plan.title_vi.startswith(SAMPLE_TITLE)
        assert plan.number is None
        assert "chỉ để minh hoạ, không phải văn bản có thật" in plan.scope_vi
        assert any("không phải văn bản có thật" in note for note in plan.notes)


def test_shipped_numbers_are_those_of_the_sources() -> None:
    """The numeric targets of the five plans, as their texts give them, and no other."""
    numbers = {
        (code, found.code): (found.indicator, found.low, found.high)
        for code, plan in REAL.items()
        for found in plan.targets
        if found.low is not None
    }
    assert numbers == {
        ("xuan-loc-2019", "M1.1"): ("TT03", 100, None),
        ("xuan-loc-2019", "M1.2"): ("CD01", 1, None),
        ("xuan-loc-2019", "M1.3"): ("TT07", 100, None),
        ("xuan-loc-2019", "M3.1"): ("SP08", 4, None),
        ("xuan-loc-2019", "M3.2"): ("SP03", 3, None),
        ("xuan-loc-2019", "M3.3"): ("CT02", 1, None),
        ("xuan-loc-2019", "M4.1"): ("DT03", 100, None),
        ("xuan-loc-2019", "M4.2"): ("DT04", 50, None),
        ("xuan-loc-2019", "M4.3"): ("DT05", 20, None),
        ("thua-thien-hue-2019-2020", "M1"): ("CT02", 1, 2),
        ("thua-thien-hue-2019-2020", "M2"): ("CD03", 1, None),
        ("thua-thien-hue-2019-2020", "M3"): ("CD03", 1, None),
        ("thua-thien-hue-2019-2020", "M4"): ("CT02", 1, 2),
        ("tu-ky-2022", "M1"): ("SP03", 10, None),
        ("trung-khanh-2023", "M1.1"): ("CT02", 6, None),
        ("trung-khanh-2023", "M1.2"): ("SP01", 3, None),
        ("trung-khanh-2023", "M1.3"): ("CG02", 1, None),
        ("trung-khanh-2023", "M2.2"): ("CH02", 1, None),
    }


def test_slips_of_the_sources_are_kept_and_marked() -> None:
    """What the source miswrites stays as written and is listed as a slip, not corrected."""
    products = target("xuan-loc-2019", "M3.1")
    assert products.slips == ("muối ới",)
    assert products.named_products[-1] == "muối ới trứng Thanh Đức"
    slips = {slip for plan in REAL.values() for task in plan.tasks for slip in task.slips}
    assert {"tỉnH", "tổng kợp", "củamình", "muối ới"} == slips


def test_bindings_of_the_five_plans() -> None:
    """Xuân Lộc excepts the named commune; Thừa Thiên Huế binds each district and each commune."""
    rest = target("xuan-loc-2019", "M3.3")
    assert (rest.binds, rest.except_units) == (Binding.EACH_COMMUNE_EXCEPT_NAMED, ("26461",))
    assert rest.binds.tier is Tier.COMMUNE
    assert target("thua-thien-hue-2019-2020", "M2").binds.tier is Tier.DISTRICT
    assert target("tu-ky-2022", "M1").binds.tier is None
    assert target("trung-khanh-2023", "M1.2").breakdown == "recognising_level=district"
    assert target("thua-thien-hue-2019-2020", "M2").measure is Measure.OWN
    everywhere = target("xuan-loc-2019", "M1.3")
    assert (everywhere.shape, everywhere.binds) == (Shape.EACH_UNIT_AT_LEAST, Binding.EACH_COMMUNE)
    rest_of_duty = next(task for task in REAL["xuan-loc-2019"].tasks if task.code == "NV05")
    assert (rest_of_duty.binds, rest_of_duty.except_units) == (rest.binds, rest.except_units)


def test_duties_given_to_two_tiers_are_reported_by_both() -> None:
    """What Tứ Kỳ asks of offices and of places is one line of the district and one of each commune."""
    shared = {task.code: task for task in REAL["tu-ky-2022"].tasks if "." in task.code}
    assert {code: task.binds for code, task in shared.items()} == {
        f"NV0{n}.{part}": binds
        for n in (1, 2, 3)
        for part, binds in ((1, Binding.SELF), (2, Binding.EACH_COMMUNE))
    }
    assert all(shared[f"NV0{n}.1"].text_vi == shared[f"NV0{n}.2"].text_vi for n in (1, 2, 3))


def test_tasks_have_a_day_only_where_the_words_give_one() -> None:
    """Xuân Lộc says "trong năm 2019", Đồng Nai a plan "cho năm 2019"; no other duty has a day."""
    dated = {(code, task.code): task.due for code, plan in REAL.items() for task in plan.tasks if task.due}
    assert set(dated.values()) == {date(2019, 12, 31)}
    assert set(dated) == {
        ("dong-nai-2019-2020", "NV03"),
        *(("xuan-loc-2019", f"NV0{n}") for n in (1, 3, 4, 5, 6, 7)),
    }


def test_every_target_of_the_five_can_be_measured_with_the_forms_of_its_time(catalogue: Catalogue) -> None:
    """Some form as laid out in the plan's last month has a cell for whatever a numeric target counts."""
    for plan in REAL.values():
        on = Period(f"{plan.years[-1]}-12").end
        asked = {line for form in catalogue.forms for line in _lines_laid_out(catalogue, form, on)}
        for found in plan.targets:
            if found.low is None or found.indicator is None:
                continue
            measured = catalogue.indicators[found.indicator]
            parts = (
                (measured.numerator, measured.denominator)
                if measured.kind is Kind.RATIO
                else (measured.code,)
            )
            for code in parts:
                if catalogue.indicators[code or ""].source is Source.FORM:
                    assert code in asked, f"{plan.code} {found.code}: nobody is asked for {code}"


def test_duties_name_their_agencies() -> None:
    """Đồng Nai's duties go to three departments (with finance beside one) and to the districts."""
    agencies = Counter(task.lead_agency for task in REAL["dong-nai-2019-2020"].tasks)
    assert agencies == {
        "Sở Nông nghiệp và Phát triển nông thôn": 7,
        "Sở Công Thương": 4,
        "Sở Kế hoạch và Đầu tư": 2,
        "UBND các huyện, thị xã Long Khánh và thành phố Biên Hòa": 2,
    }
    report = REAL["thua-thien-hue-2019-2020"].tasks[-1]
    assert report.recurrence is Recurrence.PERIODIC


def test_all_texts_are_composed() -> None:
    """Every quoted sentence is NFC and not blank, and codes are unique within a plan."""
    for plan in PLANS.values():
        items = (*plan.targets, *plan.tasks)
        texts = [plan.title_vi, plan.scope_vi, *(found.text_vi for found in plan.targets)]
        texts += [found.text_vi for found in plan.tasks]
        assert all(text and unicodedata.is_normalized("NFC", text) for text in texts)
        assert len({found.code for found in plan.targets} | {found.code for found in plan.tasks}) == len(
            items
        )


def test_shipped_plans_agree_with_the_map_and_the_indicators() -> None:
    """Every plan's unit exists under its code, tier and name on its day, and has the units it binds."""
    check(*PLANS.values())


def test_a_plan_covers_its_reporting_years() -> None:
    """A plan is in force in every period of its years: December 15 belongs to the year after."""
    plan = PLANS["sample-lam-dong-2025"]
    assert plan.covers(Period("2025-01"))
    assert plan.covers(Period("2025-H1"))
    assert not plan.covers(Period("2026-01"))
    assert plan.first_day() == date(2024, 12, 15)
    assert plan.first_day(STATISTICAL) == date(2025, 1, 1)


def test_targets_without_a_day_are_due_when_the_plan_ends() -> None:
    """A target is due on its own day, else at the close of the plan's last reporting year."""
    plan = PLANS["thua-thien-hue-2019-2020"]
    assert plan.due_date(plan.targets[0]) == date(2020, 12, 14)
    assert plan.due_date(plan.targets[0], STATISTICAL) == date(2020, 12, 31)
    sample = PLANS["sample-duc-trong-2025"]
    assert sample.due_date(sample.targets[0]) == date(2025, 6, 14)


def test_a_sound_plan_is_read(tmp_path: Path) -> None:
    """The plan the refusals start from is itself sound, and its fields come out typed."""
    plan = load(tmp_path, SMALL)
    check(plan)
    found = plan.targets[0]
    assert (plan.years, plan.unit_on, plan.tier) == ((2019,), date(2019, 5, 27), Tier.DISTRICT)
    assert (found.shape, found.measure, found.low) == (Shape.AT_LEAST, Measure.CUMULATIVE, Decimal(3))
    assert plan.tasks[0].indicators == ("TT04",)


@pytest.mark.parametrize(
    ("old", "new", "row", "reason"),
    [
        ("code: small", "code: other", 1, "must be named other.yml"),
        ("is_sample: false", "is_sample: no", 2, "'is_sample' must be one of"),
        ("is_sample: false", "is_sample: true", 3, SAMPLE_TITLE),
        ("title_vi: Kế hoạch thử", "title_vi:", 3, "'title_vi' is blank"),
        ("scope_vi: Thử", "scope: Thử", 7, "unknown field 'scope'"),
        ("tier: district", "tier: huyện", 5, "'tier' must be one of"),
        ("on: 2019-05-27", "on: 27/05/2019", 5, "YYYY-MM-DD"),
        ("years: [2019]", "years: [2019, 2021]", 6, "follow each other"),
        ("years: [2019]", "years: []", 6, "one year or more"),
        ("years: [2019]", "years: [19]", 6, "not '19'"),
        ("years: [2019]", "years: 2019", 6, "must be a list"),
        ("code: M1", "code: m1", 11, "capitals, digits and dots"),
        ("code: NV01", "code: M1", 21, "stands already in line 11"),
        ("shape: at_least", "shape: at_most", 13, "'shape' must be one of"),
        ("shape: at_least", "shape: range", 11, "'high' is blank"),
        ("shape: at_least", "shape: percent_of_base", 11, "'base_indicator' is blank"),
        ("shape: at_least", "shape: named_products", 11, "'named_products' is blank"),
        ("shape: at_least", "shape: qualitative", 16, "'low' has no meaning"),
        ("shape: at_least", "shape: each_unit_at_least", 18, "must bind each unit"),
        ("indicator: SP01", "indicator: SP99", 14, "unknown indicator 'SP99'"),
        ("    indicator: SP01\n", "", 11, "must be measurable"),
        ("indicator: SP01", "indicator: SP01\n    breakdown: star", 15, "dimension=code"),
        ("measure: cumulative", "measure: total", 15, "'measure' must be one of"),
        ("low: 3", "low: ba", 16, "must be a number"),
        ("low: 3", "low: 0", 16, "more than 0"),
        ("low: 3", "low: -3", 16, "more than 0"),
        ("low: 3", "low:", 16, "'low' is blank"),
        ("low: 3", "low: 3\n    high: 5", 17, "'high' has no meaning"),
        ("shape: at_least", "shape: range\n    high: 3", 14, "more than 'low'"),
        (
            "shape: at_least",
            "shape: named_products\n    named_products: [Chè]",
            17,
            "but 1 products are named",
        ),
        ("low: 3", "low: 101\n    base_indicator: SP03", 17, "'base_indicator' has no meaning"),
        ("unit_vi: sản phẩm\n", "unit_vi:\n", 17, "'unit_vi' is blank"),
        ("binds: self", "binds: each:hamlet", 18, "'binds' must be one of"),
        ("binds: self", "binds: each:commune_except_named", 11, "'except_units' is blank"),
        ("binds: self", 'binds: self\n    except_units: ["26461"]', 19, "'except_units' has no meaning"),
        ("binds: self", "binds: self\n    due: 2019-13-01", 19, "no date"),
        ("binds: self", "binds: self\n    slips: [nhầm]", 19, "is not in 'text_vi'"),
        ("binds: each:commune", "binds: each:commune_except_named", 21, "'except_units' is blank"),
        (
            "binds: each:commune",
            'binds: each:commune\n    except_units: ["26461"]',
            24,
            "'except_units' has no meaning",
        ),
        ("[TT04]", "[TT99]", 24, "unknown indicator 'TT99'"),
        (
            "[TT04]",
            "[TT04]\n    due: 2019-12-14\n    recurrence: yearly",
            25,
            "either due on a day or recurs",
        ),
        ("[TT04]", "[TT04]\n    recurrence: weekly", 25, "'recurrence' must be one of"),
        ("    text_vi: tuyên truyền\n", "", 21, "'text_vi' is blank"),
    ],
)
def test_bad_plans_are_refused(tmp_path: Path, old: str, new: str, row: int, reason: str) -> None:
    """A plan that is malformed, contradicts its shape or cannot be measured is refused at its line."""
    assert SMALL.count(old) >= 1
    with pytest.raises(CatalogueError, match=reason) as caught:
        load(tmp_path, SMALL.replace(old, new, 1))
    assert (caught.value.file, caught.value.row) == ("small.yml", row)


def test_a_percentage_above_the_whole_is_refused(tmp_path: Path) -> None:
    """No more than 100 percent of a base can be asked for."""
    text = SMALL.replace("at_least", "percent_of_base", 1)
    sound = text.replace("low: 3", "base_indicator: SP03\n    low: 100")
    assert load(tmp_path, sound).targets[0].low == 100
    with pytest.raises(CatalogueError, match="more than the whole"):
        load(tmp_path, sound.replace("low: 100", "low: 100.5"))


def test_a_plan_without_targets_and_tasks_is_refused(tmp_path: Path) -> None:
    """A plan that binds nobody to anything is a mistake."""
    with pytest.raises(CatalogueError, match="at least one target or task"):
        load(tmp_path, SMALL[: SMALL.index("targets:")])


def test_the_same_plan_in_two_folders_is_refused(tmp_path: Path) -> None:
    """Two files of one name are two readings of one plan: neither is chosen."""
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "small.yml").write_text(SMALL, encoding="utf-8")
    with pytest.raises(CatalogueError, match="in another file already"):
        load_plans([tmp_path / "a" / "small.yml", tmp_path / "b" / "small.yml"], KNOWN)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('code: "741"', 'code: "999"', "no district has the code 999 on 2019-05-27"),
        ("tier: district", "tier: province", "no province has the code 741"),
        ("on: 2019-05-27", "on: 2025-07-01", "no district has the code 741 on 2025-07-01"),
        (
            "name_vi: Huyện Xuân Lộc",
            "name_vi: Huyện Tứ Kỳ",
            "is Huyện Xuân Lộc on 2019-05-27, not Huyện Tứ Kỳ",
        ),
        (
            "binds: each:commune\n",
            "binds: each:district\n",
            "binds every district, but Huyện Xuân Lộc has none",
        ),
        (
            "binds: self",
            'binds: each:commune_except_named\n    except_units: ["00004"]',
            "00004 is no commune below",
        ),
        (
            "binds: each:commune\n",
            'binds: each:commune_except_named\n    except_units: ["00004"]\n',
            "NV01: 00004 is no commune below",
        ),
        ("indicator: SP01\n    measure: cumulative", "indicator: DT03\n    measure: own", "as its own"),
        ("indicator: SP01", "indicator: SP01\n    breakdown: recognising_level=village", "has no part"),
        ("indicator: SP01", "indicator: SP01\n    breakdown: star=3", "has no part star=3"),
    ],
)
def test_plans_that_do_not_fit_the_catalogue_are_refused(
    tmp_path: Path, old: str, new: str, reason: str
) -> None:
    """A plan is refused whose unit, excepted communes or parts do not exist on its day."""
    plan = load(tmp_path, SMALL.replace(old, new, 1))
    with pytest.raises(CatalogueError, match=reason) as caught:
        check(plan)
    assert caught.value.file == "small.yml"
