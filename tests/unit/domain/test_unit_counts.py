"""How many units there were, and how many figures a change of the map leaves exact."""

from datetime import date

from hypothesis import given

from ocop_pipeline.catalogue import load_catalogue
from ocop_pipeline.domain.unit_counts import Carried, carried, eras, told
from ocop_pipeline.domain.unit_events import with_events
from ocop_pipeline.domain.units import Tier
from tests.unit.domain.test_restatement import histories

UNITS = load_catalogue().units
REFORM = date(2025, 7, 1)


def test_the_reform_in_numbers():
    """2,907 new communes are exact unions of whole units, 137 of them of one (132 kept their id); 414 took in parts.

    Backwards only the 132 communes that stayed the same place are known: of a union no part has a figure of its own.
    """
    forward, backward = carried(UNITS)
    assert forward == Carried(REFORM, forward=True, unchanged=137, kept=132, exact=2770, estimated=414)
    assert (forward.whole, forward.whole + forward.estimated) == (2907, 3321)
    assert backward == Carried(REFORM, forward=False, unchanged=132, kept=132, exact=0, estimated=9903)


def test_the_two_counts_agree_for_the_country():
    """The ways that figures take and the ledger's own links tell the same."""
    assert carried(UNITS) == told(UNITS)


@given(histories())
def test_the_two_counts_agree_on_any_history(history):
    """Whatever is merged, divided, transferred or renamed, and in both directions of time."""
    ledger, events = history
    changed = with_events(ledger, events)
    assert carried(changed) == told(changed)


def test_units_of_every_time():
    """The counts of the official lists before and after the reform, and after each change of 2026."""
    found = [
        (each.first_day and each.first_day.isoformat(), *(each.of_tier(tier) for tier in list(Tier)[1:]))
        for each in eras(UNITS)
    ]
    assert found == [
        (None, 63, 696, 10035),
        ("2025-07-01", 34, 0, 3321),
        ("2026-04-30", 34, 0, 3321),
        ("2026-09-01", 34, 0, 3321),
        ("2026-09-20", 34, 0, 3321),
    ]
    last = eras(UNITS)[-1].counts
    assert (last[Tier.PROVINCE, "thành phố"], last[Tier.COMMUNE, "phường"]) == (9, 709)
    assert (last[Tier.COMMUNE, "xã"], last[Tier.COMMUNE, "đặc khu"]) == (2599, 13)
