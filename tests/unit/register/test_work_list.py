"""The work list by commune and by producer: everything counted once, the nearest day told."""

from datetime import date

from ocop_pipeline.register.book import Book
from ocop_pipeline.register.work_list import By, counts, horizons, workloads
from tests.register_tables import BAO_THUAN, MUI_NE

HTX, CTY = "Công ty TNHH Tân Hà", "HTX Mũi Né"
ON = date(2026, 10, 14)


def _lapses(register, rows, catalogue, months=12):
    """Four certificates: two of one company in two communes, one too late for a round, one of five stars."""
    for product, producer, unit, star, day in (
        ("A", HTX, BAO_THUAN, "3", "2023-11-20"),  # lapses 20/11/2026: no round before
        ("B", HTX, BAO_THUAN, "4", "2024-03-01"),  # 01/03/2027: the province's of 30/12/2026
        ("C", HTX, MUI_NE, "3", "2024-08-01"),  # 01/08/2027: the province's of 30/06/2027
        ("D", CTY, MUI_NE, "5", "2024-09-01"),  # 01/09/2027: the ministry's of 30/03/2027
    ):
        register.line(product, producer, unit, [("first", star, day, "1/QĐ")])
    return Book(rows(), catalogue).expiring(ON, months)


def test_horizons_reach_as_far_as_is_asked():
    """3, 6 and 12 months as long as they are nearer, and the months asked for."""
    assert [horizons(months) for months in (2, 3, 5, 12, 18)] == [
        (2,), (3,), (3, 5), (3, 6, 12), (3, 6, 12, 18),
    ]  # fmt: skip


def test_each_horizon_contains_the_nearer_one(register, rows, catalogue):
    """What lapses within 3 months lapses within 6 too; the last count is the whole list."""
    lapses = _lapses(register, rows, catalogue)
    assert counts(lapses, ON, 12) == ((3, 1), (6, 2), (12, 4))
    assert counts([], ON, 6) == ((3, 0), (6, 0))


def test_communes_share_the_list_between_them(register, rows, catalogue):
    """Every line stands with one commune; what is too late for a round is told beside the next that fits."""
    lapses = _lapses(register, rows, catalogue)
    found = {each.identity: each for each in workloads(lapses, By.UNIT, ON, 12)}
    assert list(found) == list(dict.fromkeys(each.entry.unit_id for each in lapses))
    assert sum(each.counts[-1][1] for each in found.values()) == len(lapses)
    here = found[BAO_THUAN]
    assert (here.counts, here.first_expiry) == (((3, 1), (6, 2), (12, 2)), date(2026, 11, 20))
    assert (here.next_round, here.too_late, here.undated) == (date(2026, 12, 30), 1, 0)
    assert found[MUI_NE].next_round == date(2027, 3, 30)


def test_a_producer_is_told_once_with_all_its_communes(register, rows, catalogue):
    """A company with products in two communes is one line that names both."""
    found = {each.name: each for each in workloads(_lapses(register, rows, catalogue), By.PRODUCER, ON, 12)}
    assert {name: each.counts[-1] for name, each in found.items()} == {HTX: (12, 3), CTY: (12, 1)}
    assert {unit_id for unit_id, _ in found[HTX].units} == {BAO_THUAN, MUI_NE}


def test_where_the_law_named_no_day_none_is_made_up(register, rows, catalogue):
    """Before rounds had days there is no next round, and the products are told as undated."""
    register.line("A", HTX, BAO_THUAN, [("first", "3", "2019-10-01", "1/QĐ")])
    on = date(2022, 8, 1)
    (found,) = workloads(Book(rows(), catalogue).expiring(on, 3), By.UNIT, on, 3)
    assert (found.next_round, found.too_late, found.undated) == (None, 0, 1)
