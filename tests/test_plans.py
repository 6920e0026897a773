"""A real plan from made-up workbooks to its table: published, printed and on the command line alike."""

import json

import pytest
from typer.testing import CliRunner

from ocop_pipeline.cli.app import app

runner = CliRunner()
PLAN = "tu-ky-2022"


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    """The demonstration of the smallest plan: its folder and what the command printed as JSON."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("DAGSTER_HOME", "OCOP_SITE", "OCOP_STATE"):
            patch.delenv(name, raising=False)
        site = tmp_path_factory.mktemp("plan") / "site"
        result = runner.invoke(app, ["demo", "--plan", PLAN, "--site", str(site), "--json"])
    assert result.exit_code == 0, result.output
    return site, json.loads(result.stdout)


def _status(site, *more):
    result = runner.invoke(app, ["plan", "status", "--site", str(site), *more])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def test_targets_and_tasks_are_the_generators(shown, catalogue):
    """Every target and task is published as the generator knew it, and the district's report prints each of them."""
    _, result = shown
    plan = catalogue.plans[PLAN]
    assert result["truth"] == {
        "targets": len(plan.targets), "targets_agreed": len(plan.targets),
        "tasks": len(plan.tasks), "tasks_agreed": len(plan.tasks),
        "different": [], "unprinted": [], "agrees": True,
    }  # fmt: skip


def test_the_target_that_is_a_number_is_judged(shown):
    """The one measured target has value, share, coverage, due date and judgement; words are not judged."""
    (plan,) = shown[1]["status"]["plans"]
    results = {each["target"]: each["result"] for each in plan["targets"]}
    assert results.pop("M1") in ("reached", "not_reached")
    assert set(results.values()) == {"not_measured"}
    measured = plan["targets"][0]
    assert measured["achieved_pct"] == measured["actual"] * 10
    assert measured["coverage"]["reported"] == measured["coverage"]["expected"] == 20
    assert (measured["tier"], measured["due_date"]) == ("district", "2022-12-14")


def test_each_task_has_a_state(shown):
    """Twenty communes or the district spoke of every task; none has a date, so none is overdue."""
    (plan,) = shown[1]["status"]["plans"]
    assert {each["reports"] for each in plan["tasks"]} == {1, 20}
    assert all(each["state"] in ("not_started", "in_progress", "done") for each in plan["tasks"])
    assert plan["overdue"] == []


def test_status_reads_the_same_again(shown):
    """Ocop plan status gives what the demonstration gave, by month, by plan, or the newest by itself."""
    site, result = shown
    for arguments in ([], ["--plan", PLAN], ["--period", "2022-12"]):
        answer = _status(site, "--json", *arguments)
        assert json.loads(answer.stdout) == result["status"]
        assert answer.exit_code == 0


def test_a_later_map_is_said_in_the_answer_and_on_the_page(shown):
    """The catalogue's oldest map is of 2025: JSON, terminal and the district's report say so."""
    site, result = shown
    (plan,) = result["status"]["plans"]
    assert plan["map"] == {"kind": "as-reported", "date": "2022-12-14", "is_later_map": True}
    assert plan["unit_name_in_plan"] == plan["unit_name"] == "Huyện Tứ Kỳ"
    assert "bản đồ đầu năm 2025" in _status(site).output
    (page,) = (site / "state" / "releases").rglob("*298-huyen-tu-ky.html")
    assert "bản đồ đầu năm 2025" in page.read_text(encoding="utf-8")


def test_people_read_every_target_and_agency(shown, catalogue):
    """The text for people has each target's words and every agency with its tasks."""
    output = _status(shown[0], "--plan", PLAN).output
    plan = catalogue.plans[PLAN]
    assert all(target.text_vi in output for target in plan.targets)
    assert all(task.lead_agency in output for task in plan.tasks)
    # A figure beside words has a name and a unit, one that is judged its unit.
    assert "tham khảo: Sản phẩm đăng ký tham gia (mới): " in output
    assert "kế hoạch ≥ 10 sản phẩm | thực hiện " in output


def test_of_one_task_it_is_told_who_reported_what(shown):
    """--task names every unit that spoke of a task with its state, as many of each as the whole status counts."""
    site, result = shown
    (plan,) = result["status"]["plans"]
    asked = max(plan["tasks"], key=lambda each: each["reports"])
    (found,) = json.loads(_status(site, "--task", asked["task"].lower(), "--json").stdout)["tasks"]
    told = [each["state"] for each in found["told"]]
    assert {state: told.count(state) for state in asked["states"]} == asked["states"]
    assert told == sorted(told, key=list(asked["states"]).index)
    assert len({each["unit_id"] for each in found["told"]}) == asked["reports"] == 20
    shown_to_people = _status(site, "--task", asked["task"]).output
    assert all(each["unit_name"] in shown_to_people for each in found["told"])
    assert _status(site, "--task", "NV99").exit_code == 2


def test_english_is_spoken(shown):
    """--lang en changes the words, not the figures."""
    result = runner.invoke(app, ["--lang", "en", "plan", "status", "--site", str(shown[0])])
    assert "Not measured" in result.output
    assert "No task is overdue." in result.output


@pytest.mark.parametrize(
    "arguments",
    [["--plan", "khong-co"], ["--plan", "xuan-loc-2019"], ["--period", "2022-11"], ["--period", "2022"]],
)
def test_what_cannot_be_answered_is_a_usage_error(shown, arguments):
    """An unknown plan, one not in force, a month that was not run, a year: exit code 2 and a sentence."""
    answer = _status(shown[0], *arguments)
    assert answer.exit_code == 2
    assert "Traceback" not in answer.output


def test_an_unknown_plan_is_not_demonstrated(tmp_path):
    """Exit code 2, and the folder is not touched."""
    result = runner.invoke(app, ["demo", "--plan", "khong-co", "--site", str(tmp_path / "x")])
    assert result.exit_code == 2
    assert not (tmp_path / "x").exists()
