"""Which former districts a commune of today lies on: "địa bàn huyện cũ", a grouping and no unit any more.

Belongs here: the day the districts ended, and from which of them the ground of each later commune came. Not here: what
is counted by them (`sql/marts/former_districts.sql`).
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import date

from ocop_pipeline.domain.units import Tier, UnitLedger


def last_district_day(ledger: UnitLedger) -> date | None:
    """The last day on which there were districts; None while there are, or where there never were.

    In the shipped ledger 30/06/2025: the law on the organisation of local government of 2025 has two tiers.
    """
    ends = [version.valid_to for version in ledger.all_versions if version.tier is Tier.DISTRICT]
    known = [end for end in ends if end is not None]
    return max(known) if known and len(known) == len(ends) else None


def former_districts(ledger: UnitLedger, ways: Iterable[tuple[str, str]]) -> dict[str, dict[str, int]]:
    """The former districts of every commune of a later day.

    Args:
        ledger: The units.
        ways: Unit of the last day of the districts, and each unit of the later day that its ground, or a part of it,
            went into (`domain/restatement.py`).

    Returns:
        Commune -> former district -> how many communes of that district its ground came from, wholly or in part; 1 for
        a district without communes (the island districts).
    """
    eve = last_district_day(ledger)
    found: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for unit_id, target_id in ways:
        if eve is None:
            break
        old = ledger.get(unit_id, eve)
        district = old.unit_id if old.tier is Tier.DISTRICT else old.parent_id
        if district is not None and ledger.versions(target_id)[0].tier is Tier.COMMUNE:
            found[target_id][district] += 1
    return {commune: dict(districts) for commune, districts in found.items()}
