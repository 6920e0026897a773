"""A small deployment with files that were sent back, for the tests of what becomes of their notices."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from post_office import HANOI, NOW, settings

from assets.parcels import notice_answers, parcels_of_run
from ocop_pipeline.catalogue import Catalogue
from ocop_pipeline.catalogue.recipients import DocumentKind, RecipientList, Recipients
from ocop_pipeline.delivery import Receipt, deliver
from ocop_pipeline.domain.findings import Finding, Severity, Verdict
from ocop_pipeline.domain.units import UnitVersion
from ocop_pipeline.reporting.issuing import file_notices
from ocop_pipeline.settings import Mail, Settings
from ocop_pipeline.warehouse.ledger import ArrivalRecord, Ledger, VerdictRecord

COMMUNE, PROVINCE, REPORTS_ONLY = "ubnd@xa.example", "vanthu@so.example", "baocao@xa.example"
PERIOD = "2026-10"
NOTICE = frozenset({DocumentKind.RETURN_NOTICE})


def wrong_total(cell: str = "C9") -> Finding:
    """A total that is not the sum of its parts."""
    args = {"line": "1.1", "label": "Số sản phẩm", "total": "5", "sum": "6"}
    return Finding("TOTAL_NOT_PARTS", Severity.ERROR, "Biểu 1", cell, args)


@dataclass
class Deployment:
    """A site with a ledger and lists for a commune and its province."""

    folder: Path
    catalogue: Catalogue
    ledger: Ledger
    mail: Mail | None = None
    lists: list[RecipientList] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Name the first commune of Lâm Đồng, and who receives what."""
        day = dt.date(2026, 10, 14)
        units = self.catalogue.units
        province = next(unit for unit in units.units(day, "province") if unit.code == "68")
        self.commune: UnitVersion = units.descendants(province.unit_id, day, "commune")[0]
        self.lists = self.lists or [
            RecipientList(self.commune.unit_id, NOTICE, (COMMUNE,)),
            RecipientList(self.commune.unit_id, frozenset({DocumentKind.REPORT}), (REPORTS_ONLY,)),
            RecipientList(province.unit_id, frozenset(DocumentKind), (PROVINCE,)),
        ]

    @property
    def settings(self) -> Settings:
        """The deployment's settings."""
        return settings(self.folder, self.mail)

    def judge(
        self,
        content: str,
        verdict: Verdict = Verdict.RETURNED,
        findings: Sequence[Finding] | None = None,
        *,
        known: bool = True,
        period: str = PERIOD,
    ) -> str:
        """A file arrives, if it has not yet, and is judged; gives its digest."""
        digest = sha256(content.encode()).hexdigest()
        arrival = ArrivalRecord(digest, 9, NOW, NOW, "folder", "", "bao-cao.xlsx")
        self.ledger.record_arrivals([arrival], [])
        found = [wrong_total()] if findings is None else findings
        form, unit_id = ("OCOP-XA", self.commune.unit_id) if known else ("", "")
        self.ledger.record_verdicts([
            VerdictRecord(
                digest, NOW, verdict, form, "", unit_id, "", period if known else "", "1", "", tuple(found)
            )
        ])  # fmt: skip
        return digest

    def run(self, period: str = PERIOD, *, day: int = 20) -> list[Receipt]:
        """What the last two steps of a month's run do: write the notices, deliver everything."""
        now = dt.datetime(2026, 10, 1, 8, 30, tzinfo=HANOI) + dt.timedelta(days=day - 1)
        answers = [answer for _, answer in notice_answers(self.ledger, self.catalogue)]
        file_notices(answers, self.catalogue, self.settings, now)
        parcels = parcels_of_run(self.ledger, self.catalogue, self.settings, period)
        return deliver(parcels, self.settings, self.ledger, Recipients(self.lists), now)

    def delivered(self) -> dict[str, list[str]]:
        """Folder below the delivery folder -> endings of the files in it."""
        found: dict[str, list[str]] = {}
        for path in sorted(self.settings.deliveries.rglob("*.*")):
            found.setdefault(str(path.parent.relative_to(self.settings.deliveries)), []).append(path.suffix)
        return found
