"""Commands about a month: demo, generate, run, check, status, report."""

import time
from collections import Counter
from collections.abc import Collection, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from ocop_pipeline.catalogue import load_catalogue
from ocop_pipeline.catalogue.messages import load_messages
from ocop_pipeline.cli import demonstration, plan_demonstration
from ocop_pipeline.cli.answers import write_answers
from ocop_pipeline.cli.console import (
    FINDINGS,
    FINE,
    JsonOption,
    PeriodOption,
    Site,
    SiteOption,
    StateOption,
    UnitOption,
    headers_of,
    help_of,
    messages,
    open_site,
    out,
    parse_month,
    print_json,
    print_table,
    progress_bar,
    refuse,
    require_run,
    say,
    tell,
    warehouse_errors,
)
from ocop_pipeline.cli.maps import AS_REPORTED, MapOption, map_day, open_on_map
from ocop_pipeline.generator import Options, OptionsError, generate
from ocop_pipeline.intake.answer import (
    Answer,
    answer,
    is_settled,
    recorded_answer,
    refused_answer,
    repeated_answer,
)
from ocop_pipeline.intake.inbox import display_name, is_temporary
from ocop_pipeline.intake.judge import Previous
from ocop_pipeline.intake.process import check as judge_files
from ocop_pipeline.intake.review_queue import waiting
from ocop_pipeline.intake.validation_report import validation_report
from ocop_pipeline.register.spelling import speller
from ocop_pipeline.runs import TIME_ZONE, RunOutcome, run_month
from ocop_pipeline.templates.site_key import known_key
from ocop_pipeline.warehouse import figures
from ocop_pipeline.warehouse.connection import WarehouseError, open_reader, rows_reader
from ocop_pipeline.warehouse.ledger import Ledger
from ocop_pipeline.warehouse.reference import scope_units
from ocop_pipeline.warehouse.scratch import published_before

_HELP = load_messages()
FORMATS = ("html", "pdf", "json")
DEMO_MONTH, DEMO_FOLDER = "2026-10", "demo"


def run(
    period: PeriodOption, *, as_json: JsonOption = False, site: SiteOption = None, state: StateOption = None
) -> None:
    """Run a month through Dagster in this process."""
    place = open_site(site, state)
    month = parse_month(period)
    with progress_bar(messages().say("step.run")) as move:
        outcome = run_month(place.settings, month.key, move, place.catalogue)
    result = run_json(place, outcome)
    if as_json:
        print_json(result)
    else:
        print_run(place, result)
    clean = outcome.succeeded and all(is_settled(file) for file in result["files"])
    raise typer.Exit(FINE if clean else FINDINGS)


def run_json(place: Site, outcome: RunOutcome) -> dict[str, Any]:
    """The documented shape of a run (docs/cli.md)."""
    coverage: list[dict[str, Any]] = []
    try:
        with open_reader(place.settings.warehouse) as connection:
            coverage = figures.coverage(connection, outcome.period)
    except WarehouseError:
        pass  # a run that failed early has no figures to cover
    return {
        "run_id": outcome.run_id,
        "period": outcome.period,
        "succeeded": outcome.succeeded,
        "reason": outcome.reason,
        "files": _files_of(place, outcome.started),
        "failed_checks": list(outcome.failed_checks),
        "coverage": coverage,
        "documents": [str(path) for path in documents(place, outcome.period)],
        "notices": sorted(str(path) for path in place.settings.notices.rglob("*.html")),
    }


def _files_of(place: Site, since: datetime) -> list[dict[str, Any]]:
    """What a run took in: every file judged or seen again since it began."""
    with Ledger.open(place.settings.ledger) as ledger:
        arrivals = {record.sha256: record for record in ledger.arrivals()}
        files: list[dict[str, Any]] = [
            dict(recorded_answer(arrivals[verdict.sha256], verdict, place.catalogue))
            for verdict in ledger.latest_verdicts()
            if verdict.judged_at >= since
        ]
        files += [dict(each) for each in ledger_repeats(ledger, since)]
    return files


def ledger_repeats(ledger: Ledger, since: datetime) -> list[Answer]:
    """Files seen since a moment that only repeat bytes known already, and what could not be taken at all."""
    first: set[str] = set()
    repeats = []
    for sighting in ledger.sightings():
        if sighting.sha256 in first and sighting.seen_at >= since:
            repeats.append(repeated_answer(sighting))
        first.add(sighting.sha256)
    return [*repeats, *(refused_answer(each) for each in ledger.refusals() if each.seen_at >= since)]


def documents(place: Site, period: str) -> list[Path]:
    """The PDF and HTML files issued for a month, newest releases included."""
    folder = place.settings.releases / period
    return sorted(
        path for path in folder.rglob("*") if path.suffix in (".pdf", ".html") and ".partial" not in str(path)
    )


def print_run(place: Site, result: dict[str, Any]) -> None:
    """The summary of a run for people."""
    words = messages()
    counts = Counter(file["verdict"] for file in result["files"])
    rows = [
        (words.say(f"run.{verdict}"), counts[verdict])
        for verdict in ("accepted", "returned", "set_aside", "duplicate")
    ]
    title = words.say("run.title", period=result["period"], files=len(result["files"]))
    print_table([words.say("column.status"), words.say("column.count")], rows, title)
    reasons = [
        (file["file"], _place_of(finding), _message(finding))
        for file in result["files"]
        if file["verdict"] in ("returned", "set_aside")
        for finding in file["findings"]
        if finding["severity"] == "error"
    ]
    if reasons:
        print_table(headers_of("file", "place", "what"), reasons, words.say("run.reasons"))
    for line in result["coverage"]:
        say(
            "run.coverage", accepted=line["accepted"], expected=line["expected"], missing=line["missing"],
            returned=line["returned"], unit=f"{line['unit_name']} ({line['form']})",
        )  # fmt: skip
    if not result["succeeded"]:
        say("run.failed", reason=result["reason"])
    out().print(words.say("run.documents"))
    for path in result["documents"]:
        tell(f"  {path}")
    say("run.notices", folder=place.settings.notices)
    with Ledger.open(place.settings.ledger) as ledger:
        count = len(waiting(ledger))
    if count:
        say("review.waiting", count=count)


def _place_of(finding: dict[str, Any]) -> str:
    return f"{finding['sheet']}!{finding['cell']}" if finding["cell"] else finding["sheet"]


def _message(finding: dict[str, Any]) -> str:
    return str(finding[f"message_{messages().language}"])


def check(
    files: Annotated[list[Path], typer.Argument(exists=False)],
    annotate: Annotated[
        Path | None, typer.Option("--annotate", help=_HELP.both("help.option.annotate"), file_okay=False)
    ] = None,
    *,
    as_json: JsonOption = False,
    as_report: Annotated[
        bool, typer.Option("--validation-report", help=_HELP.both("help.option.validation_report"))
    ] = False,
    site: SiteOption = None,
    state: StateOption = None,
) -> None:
    """Judge files without storing anything; with --annotate, write each back with its doubtful cells marked."""
    place = open_site(site, state)
    found = _files_to_check(files)
    paths = list(found)
    judgements = judge_files(
        paths, place.catalogue, date.today(),  # noqa: DTZ011 - a calendar day of the sender
        previous=lambda months: published(place, months),
        scope=None if place.settings.scope == ("*",) else scope_units(place.catalogue, place.settings.scope),
        workers=place.settings.workers,
        spell=speller(place.catalogue.names),
        key=known_key(place.settings),
    )  # fmt: skip
    told = [
        (path, answer(each))
        for path, judgement in zip(paths, judgements, strict=True)
        for each in (judgement, *judgement.parts)
    ]
    for path, each in told:
        each["folder"] = found[path]
    answers = [each for _, each in told]
    words = place.catalogue.template_words
    written = {} if annotate is None else write_answers(told, annotate, words)
    if as_report:
        print_json(validation_report(answers, datetime.now(TIME_ZONE)))
    elif as_json:
        print_json(
            [
                {**each, "annotated": to and to.marked, "answer_text": to and to.text}
                for each, to in ((each, written.get(path)) for path, each in told)
            ]
        )
    else:
        for each in answers:
            _print_answer(each)
        if len(answers) > 1:
            _print_summary(answers)
        for to in written.values():
            say("check.answer_text", file=to.text)
            say("check.annotated" if to.marked else "check.not_annotated", file=to.marked or to.text)
    raise typer.Exit(FINE if all(map(is_settled, answers)) else FINDINGS)


def _files_to_check(paths: Sequence[Path]) -> dict[Path, str]:
    """The files meant, each with its folder below the one named, blank for a file named itself.

    Of a folder all files in it and below, without hidden and temporary ones.
    """
    found: dict[Path, str] = {}
    for path in paths:
        if path.is_file():
            found[path] = ""
        elif path.is_dir():
            inside = {
                each: "" if each.parent == path else display_name(str(each.parent.relative_to(path)))
                for each in sorted(path.rglob("*"))
                if each.is_file() and not any(map(is_temporary, each.relative_to(path).parts))
            }
            if not inside:
                raise refuse("error.no_files_in", folder=path)
            found |= inside
        else:
            raise refuse("error.no_file", file=path)
    return found


def _print_summary(answers: Sequence[Answer]) -> None:
    """How many files have which verdict."""
    counts = Counter(each["verdict"] for each in answers)
    words = messages()
    told = "; ".join(f"{words.say(f'verdict.{verdict}')}: {count}" for verdict, count in counts.items())
    say("check.summary", count=len(answers), verdicts=told)


def _print_answer(each: Answer) -> None:
    """One file for people: what became of it, what was found with the sender's reasons, what was understood."""
    name = "/".join(filter(None, (each["folder"], each["file"])))
    say("check.file", file=name, verdict=messages().say(f"verdict.{each['verdict']}"))
    for finding in each["findings"]:
        label = messages().say(f"severity.{finding['severity']}")
        tell(f"  {label}: {_message(dict(finding))}")
        if finding["reason"]:
            tell(f"    {messages().say('check.reason', reason=finding['reason'])}")
    for repair in each["repairs"]:
        if not repair["is_guess"]:  # a guess is a finding already
            tell(f"  {messages().say('check.repair')}: {_message(dict(repair))}")


def published(place: Site, months: Collection[str]) -> Previous:
    """What is known of these months and of the register where this machine has a warehouse; a commune's has none."""
    try:
        with open_reader(place.settings.warehouse) as connection:
            return published_before(connection, months)
    except WarehouseError:
        return Previous()


def status(
    period: PeriodOption, *, as_json: JsonOption = False, site: SiteOption = None, state: StateOption = None
) -> None:
    """Print every expected report and what came of it."""
    place = open_site(site, state)
    month = parse_month(period)
    with warehouse_errors(), open_reader(place.settings.warehouse) as connection:
        require_run(figures.months_run(connection), month)
        rows = figures.report_status(connection, month.key)
    if as_json:
        print_json(rows)
        return
    words = messages()
    shown = [
        (
            row["form"], row["agency"] or row["unit_name"],
            words.say(f"status.{row['status']}") + (f", {words.say('status.late')}" if row["is_late"] else ""),
            row["due_date"].strftime("%d/%m/%Y"),
            row["received_at"].strftime("%d/%m/%Y %H:%M") if row["received_at"] else "",
        )
        for row in sorted(rows, key=lambda row: (row["status"] == "accepted", row["form"], row["unit_id"]))
    ]  # fmt: skip
    print_table(headers_of("form", "unit", "status", "due", "received"), shown)


def report(
    unit: UnitOption,
    period: PeriodOption,
    file_format: Annotated[str, typer.Option("--format", help=_HELP.both("help.option.format"))] = "pdf",
    target: Annotated[Path | None, typer.Option("--out", help=_HELP.both("help.option.out"))] = None,
    asked_map: MapOption = AS_REPORTED,
    *,
    site: SiteOption = None,
    state: StateOption = None,
) -> None:
    """Write a unit's report from published figures, on any map; releasing it is the run's work."""
    from ocop_pipeline.reporting.document import to_json  # noqa: PLC0415 - only this command prints
    from ocop_pipeline.reporting.gather import NoFiguresError  # noqa: PLC0415
    from ocop_pipeline.reporting.html import write_html  # noqa: PLC0415
    from ocop_pipeline.reporting.issuing import REPORT_OF_TIER, report_document  # noqa: PLC0415
    from ocop_pipeline.reporting.paper import write_pdf  # noqa: PLC0415

    if file_format not in FORMATS:
        raise refuse("help.option.format")
    place = open_site(site, state)
    month = parse_month(period)
    day = map_day(asked_map, month)
    where = place.unit_on(unit, day)
    if where.tier not in REPORT_OF_TIER:
        raise refuse("error.no_report_of_tier", unit=where.full_name)
    today = datetime.now(TIME_ZONE).date()
    with warehouse_errors(), open_on_map(place, month, asked_map, day) as connection:
        try:
            document = report_document(
                rows_reader(connection), place.catalogue, place.settings, where.unit_id, month, today,
                None if asked_map == AS_REPORTED else day,
            )  # fmt: skip
        except NoFiguresError as error:
            raise refuse("error.no_figures", unit=where.full_name, period=month.key) from error
    path = target or Path(f"bao-cao-ocop-{month.key}-{where.code}.{file_format}")
    if path.is_dir():
        path /= f"bao-cao-ocop-{month.key}-{where.code}.{file_format}"
    if file_format == "pdf":
        path.write_bytes(write_pdf(document))
    else:
        path.write_text(
            write_html(document) if file_format == "html" else to_json(document), encoding="utf-8"
        )
    tell(str(path))


def generate_files(
    period: PeriodOption,
    province: Annotated[str, typer.Option("--province", help=_HELP.both("help.option.province"))],
    target: Annotated[Path, typer.Option("--out", help=_HELP.both("help.option.out"))],
    seed: Annotated[int, typer.Option("--seed", help=_HELP.both("help.option.seed"))] = 1,
    share: Annotated[float, typer.Option("--share", help=_HELP.both("help.option.share"))] = 1.0,
    faults: Annotated[str, typer.Option("--faults", help=_HELP.both("help.option.faults"))] = "none",
    *,
    as_json: JsonOption = False,
    site: SiteOption = None,
    state: StateOption = None,
) -> None:
    """Write sample workbooks; the truth about them lies beside as truth.json."""
    place = open_site(site, state)
    parse_month(period)
    if faults not in ("none", "demo"):
        raise refuse("help.option.faults")
    try:
        options = Options(
            province, period, seed=seed, share=share, faults="demo" if faults == "demo" else "none"
        )
        with progress_bar(messages().say("step.generate")) as move:
            target.mkdir(parents=True, exist_ok=True)
            truth = generate(place.catalogue, options, target, move)
    except OptionsError as error:
        raise refuse("error.period", reason=error) from error
    (target.parent / f"{target.name}.truth.json").write_text(truth.to_json(), encoding="utf-8")
    if as_json:
        print_json({"folder": target, "files": len(truth.files)})
    else:
        tell(f"{target}: {len(truth.files)}")


def demo(
    period: Annotated[
        str | None, typer.Option("--period", help=_HELP.both("help.option.demo_period"))
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help=_HELP.both("help.option.seed"))] = 1,
    plan: Annotated[str | None, typer.Option("--plan", help=_HELP.both("help.option.demo_plan"))] = None,
    *,
    full_year: Annotated[bool, typer.Option("--full-year", help=_HELP.both("help.option.full_year"))] = False,
    as_json: JsonOption = False,
    site: Annotated[Path | None, typer.Option("--site", help=_HELP.both("help.option.demo_site"))] = None,
) -> None:
    """Make the sample province, or the units a plan binds, anew, run it, compare with the truth."""
    if plan is not None:
        raise typer.Exit(_demo_plans(plan, period, seed, site, as_json=as_json))
    month = parse_month(period or DEMO_MONTH)
    site = site or Path(DEMO_FOLDER)
    settings = demonstration.prepare_site(site)
    place = open_site(settings.site, settings.state)
    start = time.perf_counter()
    with progress_bar(messages().say("step.generate")) as move:
        truth = demonstration.fill_inbox(
            place.catalogue, place.settings, month, seed, move, full_year=full_year
        )
    generated = time.perf_counter()
    with progress_bar(messages().say("step.run")) as move:
        outcome = run_month(place.settings, month.key, move, place.catalogue)
    ran = time.perf_counter()
    result = run_json(place, outcome)
    compared = demonstration.compare(place.settings, truth, month) if outcome.succeeded else None
    result["truth"] = compared and compared.as_json()
    result["seconds"] = {"generate": round(generated - start, 1), "run": round(ran - generated, 1)}
    if as_json:
        print_json(result)
    else:
        print_run(place, result)
        if compared is not None:
            demonstration.print_comparison(compared)
        say("demo.seconds", **result["seconds"])
        say("demo.next", site=site)
    raise typer.Exit(FINE if compared is not None and compared.agrees else FINDINGS)


def _demo_plans(plan: str, period: str | None, seed: int, site: Path | None, *, as_json: bool) -> int:
    """Demonstrate one plan, or one after another all that are no samples; the exit code."""
    known = load_catalogue()
    if plan != plan_demonstration.ALL and plan not in known.plans:
        raise refuse("plans.unknown", plan=plan, plans=", ".join(known.plans))
    codes = plan_demonstration.codes_of(known, plan)
    month = parse_month(period) if period else None
    results, good = [], True
    for code in codes:
        folder = site or Path(f"{DEMO_FOLDER}-{code}")
        if site is not None and plan == plan_demonstration.ALL:
            folder = site / code
        shown = plan_demonstration.show_plan(code, folder, month, seed)
        if as_json:
            results.append(plan_demonstration.shown_json(shown))
            truth = results[-1]["truth"]
            good = good and truth is not None and truth["agrees"]
        else:
            place = shown.place
            folders = f"{shown.plan.unit_code}-"
            issued = [
                path
                for path in documents(place, shown.options.period)
                if any(part.startswith(folders) for part in path.parts)
            ]
            good = plan_demonstration.print_shown(shown, issued) and good
    if as_json:
        print_json(results if plan == plan_demonstration.ALL else results[0])
    return FINE if good else FINDINGS


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("demo", help=help_of("demo"))(demo)
    app.command("run", help=help_of("run"))(run)
    app.command("check", help=help_of("check"))(check)
    app.command("status", help=help_of("status"))(status)
    app.command("report", help=help_of("report"))(report)
    app.command("generate", help=help_of("generate"))(generate_files)
