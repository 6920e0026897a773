"""The country of a plan: who sends in it, for which months, and what its targets and tasks must come to."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from ocop_pipeline.catalogue import Catalogue
from ocop_pipeline.domain.periods import Period
from ocop_pipeline.domain.units import Tier
from ocop_pipeline.generator import Options, OptionsError, ProductTruth, RecognitionTruth, Truth, generate
from ocop_pipeline.generator.plans import months_of, plan_options, plan_unit, target_truths, task_truths
from ocop_pipeline.generator.submission import DutyAnswer
from ocop_pipeline.generator.truth import describe

XUAN_LOC, HUE, DONG_NAI = "xuan-loc-2019", "thua-thien-hue-2019-2020", "dong-nai-2019-2020"


@pytest.fixture(scope="module")
def last_month(catalogue: Catalogue, tmp_path_factory: pytest.TempPathFactory) -> Truth:
    """The last month alone of the plan of Xuân Lộc."""
    wishes = {**vars(plan_options(catalogue, XUAN_LOC)), "history": ()}
    return generate(catalogue, Options(**wishes), tmp_path_factory.mktemp("plan"))


@pytest.mark.parametrize(
    ("code", "first", "last", "count"),
    [
        (XUAN_LOC, "2019-01", "2019-12", 12),
        ("trung-khanh-2023", "2023-01", "2023-12", 12),
        (HUE, "2019-01", "2020-12", 24),
        ("tu-ky-2022", "2022-12", "2022-12", 1),
        (DONG_NAI, "2020-12", "2020-12", 1),
    ],
)
def test_only_months_that_targets_count_are_made(
    catalogue: Catalogue, code: str, first: str, last: str, count: int
) -> None:
    """Every month from the plan's first where a target counts from there, else the last month alone."""
    months = plan_options(catalogue, code).months
    assert (months[0].key, months[-1].key, len(months)) == (first, last, count)


def test_a_plan_may_be_shown_before_its_end(catalogue: Catalogue) -> None:
    """Asked for an earlier month, nothing after it is made."""
    assert [month.key for month in plan_options(catalogue, XUAN_LOC, Period("2019-03")).months] == [
        "2019-01", "2019-02", "2019-03",
    ]  # fmt: skip


@pytest.mark.parametrize(("code", "month"), [("no-such-plan", None), (XUAN_LOC, Period("2020-01"))])
def test_what_is_no_plan_of_that_month_is_refused(
    catalogue: Catalogue, code: str, month: Period | None
) -> None:
    """An unknown code, or a month outside the plan's years."""
    with pytest.raises(OptionsError):
        plan_options(catalogue, code, month)


def test_generating_for_an_unknown_plan_is_refused(catalogue: Catalogue, tmp_path: Path) -> None:
    """Options that name a plan the catalogue lacks make nothing."""
    with pytest.raises(OptionsError, match="no-such-plan"):
        generate(catalogue, Options("75", "2019-12", plan="no-such-plan"), tmp_path)


def test_only_what_the_plan_binds_sends(catalogue: Catalogue, last_month: Truth) -> None:
    """The district and each of its communes send one file; the rest of the province and its departments none."""
    district = plan_unit(catalogue, catalogue.plans[XUAN_LOC]).unit_id
    on = Period("2019-12").end
    below = {unit.unit_id for unit in catalogue.units.descendants(district, on, Tier.COMMUNE)}
    assert {(file.form, file.unit_id) for file in last_month.files} == {
        ("OCOP-HU", district), *(("OCOP-XA", unit) for unit in below)
    }  # fmt: skip
    assert len(last_month.files) == len(below) + 1
    assert len(last_month.missing("2019-12")) > 100


def test_named_products_are_of_the_communes_in_their_names(catalogue: Catalogue, last_month: Truth) -> None:
    """The products of the plan stand in the register; the durian of Xuân Định is made there."""
    (target,) = [each for each in catalogue.plans[XUAN_LOC].targets if each.named_products]
    homes = {product.name.casefold(): product.homes["2019-12"] for product in last_month.products}
    found = [name for name in target.named_products if name.casefold() in homes]
    assert len(found) >= 2
    commune = catalogue.units.find_code("26461", Period("2019-12").end, Tier.COMMUNE)
    assert commune is not None
    assert homes["sầu riêng xuân định"] == commune.unit_id


def test_every_task_is_told_by_whoever_must_do_it(catalogue: Catalogue, tmp_path: Path) -> None:
    """Departments tell of the tasks they lead, districts of theirs, and none of the fifteen is left out."""
    truth = generate(catalogue, plan_options(catalogue, DONG_NAI), tmp_path)
    told = {
        sender: {answer.task for answer in answers} for sender, answers in truth.duties["2020-12"].items()
    }
    by_agency = {sender[2]: tasks for sender, tasks in told.items() if sender[2]}
    assert by_agency["SCT"] == {"NV08", "NV09", "NV10", "NV11"}
    assert by_agency["STC"] == {"NV12", "NV13"}  # takes part; the department that leads owes no report
    assert by_agency["SNNPTNT"] == {f"NV0{n}" for n in range(1, 8)}
    districts = [tasks for (form, _, _), tasks in told.items() if form == "OCOP-HU"]
    assert districts == [{"NV14", "NV15"}] * 11
    assert not any(tasks for (form, _, _), tasks in told.items() if form == "OCOP-XA")


# ------------------------------------------------------------------------------------------ reckoned by hand


def hand_made(catalogue: Catalogue) -> tuple[Truth, str, list[str]]:
    """Two months of Xuân Lộc in which three of its communes report a few figures."""
    truth = Truth(indicators=describe(catalogue.indicators))
    district = plan_unit(catalogue, catalogue.plans[XUAN_LOC]).unit_id
    on = Period("2019-02").end
    communes = [unit.unit_id for unit in catalogue.units.descendants(district, on, Tier.COMMUNE)]
    for month in ("2019-01", "2019-02"):
        truth.senders[month] = [("OCOP-XA", unit, "") for unit in communes]
        truth.above[month] = {unit: [unit, district] for unit in communes}
        truth.values[month] = {}
    return truth, district, communes


def told(truth: Truth, month: str, unit: str, **values: int) -> None:
    """Let a commune report."""
    truth.values[month]["OCOP-XA", unit, ""] = {(code, ""): Decimal(value) for code, value in values.items()}


def reached(truth: Truth, catalogue: Catalogue, code: str, month: str = "2019-02") -> tuple[object, ...]:
    """What must come of one target: actual, bound, reached, result."""
    found = target_truths(truth, catalogue, catalogue.plans[XUAN_LOC], Period(month))
    (target,) = [each for each in found if each.target == code]
    return target.actual, target.units_bound, target.units_reached, target.result


def test_each_commune_counts_from_the_plans_first_month(catalogue: Catalogue) -> None:
    """A product registered in January reaches the target in February; the excepted commune is not bound."""
    truth, _, communes = hand_made(catalogue)
    excepted = catalogue.units.find_code("26461", Period("2019-02").end, Tier.COMMUNE)
    first, second, *_ = [unit for unit in communes if excepted is None or unit != excepted.unit_id]
    told(truth, "2019-01", first, CT02=1)
    told(truth, "2019-02", first, CT02=0)
    told(truth, "2019-02", second, CT02=0)
    told(truth, "2019-02", excepted.unit_id if excepted else "", CT02=5)
    assert reached(truth, catalogue, "M3.3") == (Decimal(1), len(communes) - 1, 1, "not_due")


def test_a_ratio_is_of_reports_that_give_both_parts(catalogue: Catalogue) -> None:
    """A commune that tells only the whole does not bend the percentage."""
    truth, _, (a, b, *_) = hand_made(catalogue)
    told(truth, "2019-02", a, TT01=15, TT02=20)
    told(truth, "2019-02", b, TT02=60)
    assert reached(truth, catalogue, "M1.1") == (Decimal(75), 1, 0, "not_due")


def test_silence_is_no_data(catalogue: Catalogue) -> None:
    """Where nobody reported, nothing is reached and nothing is missed."""
    truth, *_ = hand_made(catalogue)
    assert reached(truth, catalogue, "M1.1") == (None, 1, 0, "no_data")
    assert reached(truth, catalogue, "M1.2")[3] == "no_data"


def test_named_products_count_while_valid(catalogue: Catalogue) -> None:
    """Of the products named those with a certificate in force count, however the name is written."""
    truth, _, (a, *_) = hand_made(catalogue)
    homes, groups = dict.fromkeys(truth.senders, a), dict.fromkeys(truth.senders, "food")
    for name, day in (("SẦU RIÊNG  Xuân Định", date(2019, 1, 10)), ("Trứng gà Thanh Đức", date(2016, 1, 10))):
        event = RecognitionTruth("3", "first", "province", "x", "1", day)
        truth.products.append(ProductTruth(name, "x", "household", groups, homes, (event,)))
    assert reached(truth, catalogue, "M3.1") == (Decimal(1), 1, 0, "not_due")


def test_a_task_is_as_far_as_its_slowest_report(catalogue: Catalogue) -> None:
    """State: the least advanced told; percent: the mean; a task of another plan is not this one's."""
    truth, _, (a, b, *_) = hand_made(catalogue)
    truth.duties["2019-02"] = {
        ("OCOP-XA", a, ""): (DutyAnswer(XUAN_LOC, "NV03", "done", 100), DutyAnswer("x", "NV05", "done", 100)),
        ("OCOP-XA", b, ""): (DutyAnswer(XUAN_LOC, "NV03", "in_progress", 35),),
    }
    tasks = {task.task: task for task in task_truths(truth, catalogue.plans[XUAN_LOC], Period("2019-02"))}
    assert (tasks["NV03"].state, tasks["NV03"].progress, tasks["NV03"].reports) == (
        "in_progress",
        Decimal("67.5"),
        2,
    )
    assert (tasks["NV05"].state, tasks["NV05"].progress, tasks["NV05"].reports) == ("", None, 0)


def test_duties_survive_json(last_month: Truth) -> None:
    """What was said of tasks is read back as it was written."""
    assert last_month.duties["2019-12"]
    assert Truth.from_json(last_month.to_json()).duties == last_month.duties


def test_months_of_a_plan_are_in_order(catalogue: Catalogue) -> None:
    """Two years are 24 months, the first January first."""
    months = months_of(catalogue.plans[HUE])
    assert (months[0].key, months[-1].key, len(months)) == ("2019-01", "2020-12", 24)
    assert months == sorted(months)
