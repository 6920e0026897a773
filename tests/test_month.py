"""One month from workbooks to paper, through Dagster, against what the generator knew beforehand."""

import json
import shutil
from datetime import UTC, date, datetime

import openpyxl
from pypdf import PdfReader

from ocop_pipeline.cli.demonstration import compare
from ocop_pipeline.intake.review_queue import Decision, Kind, Waiting, send_back
from ocop_pipeline.runs import run_month
from ocop_pipeline.warehouse.connection import open_reader
from ocop_pipeline.warehouse.ledger import Ledger

TABLES = (
    "SELECT schema_name || '.' || table_name FROM duckdb_tables() "
    "WHERE schema_name IN ('raw', 'catalogue', 'staging', 'core', 'marts') ORDER BY 1"
)


def _contents(path):
    """Table -> (rows, hash of all rows in their order)."""
    with open_reader(path) as connection:
        names = [name for (name,) in connection.execute(TABLES).fetchall()]
        return {
            name: connection.execute(f"SELECT COUNT(*), SUM(HASH(t)) FROM {name} AS t").fetchone()
            for name in names
        }


def _released(settings, suffix):
    return sorted(path for path in settings.releases.rglob(f"*{suffix}"))


class TestTwoTiers:
    """A month of today's map."""

    def test_the_run_succeeds(self, province):
        """Files sent back to their senders are no failure of the run."""
        assert province.outcome.succeeded, province.outcome.reason

    def test_totals_verdicts_and_faults_are_the_generators(self, province):
        """Figures above the communes equal the truth, faults are found at their cells, nothing sound is returned."""
        comparison = compare(province.settings, province.truth, province.period)
        assert comparison.figures > 500
        assert comparison.wrong_figures == []
        assert comparison.missed_faults == []
        assert comparison.wrong_verdicts == []

    def test_a_commune_figure_is_the_generators(self, province):
        """Communes too: month and year to date of every indicator and breakdown."""
        with open_reader(province.settings.warehouse) as connection:
            rows = connection.execute(
                "SELECT t.unit_id, t.indicator, t.breakdown, t.span, t.value FROM core.rollups AS t "
                "WHERE t.period = '2026-10' AND t.unit_id IN "
                "(SELECT unit_id FROM core.unit_ancestors WHERE unit_tier = 'commune' ORDER BY unit_id LIMIT 20)"
            ).fetchall()
        wrong = [row for row in rows if province.truth.value("2026-10", *row[:4]) != row[4]]
        assert len(rows) > 1000
        assert wrong == []

    def test_the_report_is_paper_and_page(self, province):
        """One PDF and one HTML are issued, and both carry the province's total of a flow with its coverage."""
        (pdf,) = _released(province.settings, ".pdf")
        (page,) = _released(province.settings, ".html")
        with open_reader(province.settings.warehouse) as connection:
            value, expected, reported = connection.execute(
                "SELECT month_value, expected_count, reported_count FROM marts.indicator_summary "
                "WHERE period = '2026-10' AND indicator = 'TT04' AND breakdown = '' AND unit_id LIKE 'p12%'"
            ).fetchone()
        text = " ".join("".join(p.extract_text() for p in PdfReader(pdf).pages).split())
        html = page.read_text(encoding="utf-8")
        assert reported < expected
        for document in (text, html):
            assert f"{int(value):,}".replace(",", ".") in document
            assert f"{reported}/{expected}" in document
            # Of the year's ten months two are in this warehouse, and the report says so beside its year to date.
            assert "02/10 tháng" in document

    def test_everything_seen_is_accounted_for(self, province):
        """Every file in the inbox has a verdict or is on record as a duplicate: nothing is dropped."""
        seen = [path for path in province.settings.inbox.rglob("*") if path.is_file()]
        with Ledger.open(province.settings.ledger) as ledger:
            sightings = ledger.sightings()
            judged = {verdict.sha256 for verdict in ledger.latest_verdicts()}
        assert len(sightings) == len(seen) == len(province.truth.files)
        assert {sighting.sha256 for sighting in sightings} == judged

    def test_returned_files_have_notices(self, province):
        """Each returned or set-aside file has one notice as a page and as text."""
        wanted = sum(file.verdict in ("returned", "set_aside") for file in province.truth.files)
        assert len(list(province.settings.notices.rglob("*.html"))) == wanted
        assert len(list(province.settings.notices.rglob("*.txt"))) == wanted

    def test_returned_workbooks_go_back_marked(self, province):
        """Every returned XLSX is beside its notice with its own sheets, the planted cell coloured and linked to."""
        returned = [
            file
            for file in province.truth.files
            if file.verdict == "returned" and file.path.endswith(".xlsx")
        ]
        books = [openpyxl.load_workbook(path) for path in province.settings.notices.rglob("*.xlsx")]
        assert len(books) == len(returned) > 2
        by_links = [
            {row[3].hyperlink.location for row in book.worksheets[0].iter_rows() if row[3].hyperlink}
            for book in books
        ]
        for file in returned:
            for fault in (each for each in file.faults if each.cell and each.severity == "error"):
                where = f"'{fault.sheet}'!{fault.cell}"
                book = next(book for book, links in zip(books, by_links, strict=True) if where in links)
                assert book.sheetnames[0] == "Cần sửa"
                assert book[fault.sheet][fault.cell].fill.fgColor.rgb == "FFF8C9C4"

    def test_the_documents_are_delivered_once(self, province):
        """The delivery folder holds the issued files."""
        names = {path.name for path in province.settings.deliveries.rglob("*") if path.is_file()}
        assert {path.name for path in _released(province.settings, ".pdf")} <= names

    def test_every_notice_is_delivered_to_its_senders_folder(self, province):
        """Each notice is delivered under its month, to the unit's folder or to the one for files that are nobody's."""
        filed = {(path.parent.name, path.name) for path in province.settings.notices.rglob("*.*")}
        notices = {(month, name) for month, name in filed if not name.endswith(".json")}  # for other systems
        assert len(filed) - len(notices) > 0
        delivered = list(province.settings.deliveries.rglob("phieu-tra-lai-*"))
        assert {(path.parent.parent.name, path.name) for path in delivered} == notices
        nobodys = {path.stem for path in delivered if path.parent.name == "khong-ro-don-vi"}
        set_aside = sum(file.verdict == "set_aside" for file in province.truth.files)
        assert 0 < len(nobodys) <= set_aside

    def test_checks_are_kept_in_the_warehouse(self, province):
        """What every check found is stored with the run that ran it."""
        with open_reader(province.settings.warehouse) as connection:
            runs = connection.execute("SELECT DISTINCT run_id FROM meta.check_results").fetchall()
        assert runs == [(province.outcome.run_id,)]

    def test_running_again_changes_nothing(self, province, tmp_path):
        """A second run takes nothing in, publishes the same tables, issues no new release and sends nothing."""
        settings = _copy(province, tmp_path)
        before = _contents(settings.warehouse)
        outcome = run_month(settings, "2026-10")
        assert outcome.succeeded
        assert _contents(settings.warehouse) == before
        assert len(_released(settings, ".pdf")) == 1
        with Ledger.open(settings.ledger) as ledger:
            sent = [entry for entry in ledger.delivery_entries() if entry.state == "sent"]
        assert len(sent) == len({(entry.document_id, entry.recipient) for entry in sent})

    def test_the_warehouse_is_rebuilt_from_archive_and_ledger(self, province, tmp_path):
        """A lost warehouse comes back table by table, row by row, without the inbox."""
        settings = _copy(province, tmp_path)
        before = _contents(settings.warehouse)
        settings.warehouse.unlink()
        shutil.rmtree(settings.inbox)
        outcome = run_month(settings, "2026-10")
        assert outcome.succeeded, outcome.reason
        assert _contents(settings.warehouse) == before

    def test_a_correction_makes_a_second_release(self, province, catalogue, tmp_path):
        """A corrected file that arrives later moves the figure, and the first release stays as it was issued."""
        settings = _copy(province, tmp_path)
        first = _released(settings, ".pdf")[0].read_bytes()
        missing = province.truth.missing("2026-10", "OCOP-XA")
        assert missing
        _send_for(province, catalogue, settings, missing[0])
        assert run_month(settings, "2026-10").succeeded
        releases = _released(settings, ".pdf")
        assert len(releases) == 2
        assert releases[0].read_bytes() == first
        manifest = json.loads((releases[1].parent / "manifest.json").read_text(encoding="utf-8"))
        assert manifest["number"] == 2

    def test_a_report_that_a_review_returns_leaves_the_figures(self, province, tmp_path):
        """Returned, an accepted report counts no more, its commune's status says so, and a new release is made."""
        settings = _copy(province, tmp_path)
        with Ledger.open(settings.ledger) as ledger:
            verdict = next(each for each in ledger.current_submissions("2026-10") if not each.agency)
            (arrival,) = ledger.arrivals({verdict.sha256})
            item = Waiting(Kind.WARNING, verdict, arrival, ())
            send_back(ledger, item, Decision("Lan", "Đề nghị kiểm tra lại", datetime.now(UTC)))
        assert run_month(settings, "2026-10").succeeded
        unit = item.verdict.unit_id
        with open_reader(settings.warehouse) as connection:
            status = connection.execute(
                "SELECT status FROM core.report_status WHERE period = '2026-10' AND unit_id = ?", [unit]
            ).fetchall()
            left = connection.execute(
                "SELECT COUNT(*) FROM core.indicator_values WHERE period = '2026-10' AND unit_id = ?", [unit]
            ).fetchone()
        assert status == [("returned",)]
        assert left == (0,)
        assert len(_released(settings, ".pdf")) == 2
        receipt = item.verdict.sha256[:10]
        assert any(receipt in path.name for path in settings.notices.rglob("*.html"))


class TestThreeTiers:
    """A month when districts reported."""

    def test_totals_are_the_generators(self, three_tier_province):
        """District and province figures equal the truth; the districts' own reports enter at their tier."""
        assert three_tier_province.outcome.succeeded, three_tier_province.outcome.reason
        comparison = compare(
            three_tier_province.settings, three_tier_province.truth, three_tier_province.period
        )
        assert comparison.agrees, comparison.as_json()

    def test_each_district_and_the_province_have_a_report(self, three_tier_province, catalogue):
        """A district's report and its province's are issued for a month with three tiers."""
        day = date(2025, 5, 14)
        (unit,) = [u for u in catalogue.units.units(day) if u.code == "12" and u.tier == "province"]
        districts = catalogue.units.descendants(unit.unit_id, day, "district")
        reports = [path.parent.parent.name for path in _released(three_tier_province.settings, ".pdf")]
        assert reports.count("district_month") == len(districts)
        assert reports.count("province_month") == 1


def _copy(province, tmp_path):
    """A copy of a deployment to change."""
    from ocop_pipeline.settings import load_settings

    shutil.copytree(province.settings.site, tmp_path / "site")
    return load_settings(tmp_path / "site", tmp_path / "site" / "state", {})


def _send_for(province, catalogue, settings, sender):
    """Put a sound workbook of a silent commune into the inbox."""
    from ocop_pipeline.generator import Options, generate

    folder = settings.state / "late"
    folder.mkdir()
    truth = generate(
        catalogue, Options("12", "2026-10", faults="none", seed=1, history=("2025-10", "2026-09")), folder
    )
    (file,) = [f for f in truth.files if (f.form, f.unit_id, f.agency) == sender and f.period == "2026-10"]
    shutil.copy(folder / file.path, settings.inbox / "gui-muon.xlsx")
    shutil.rmtree(folder)
