"""Whose report it is: period, form, unit and department, with every doubt told."""

from datetime import date

import pytest

from ocop_pipeline.catalogue import Catalogue
from ocop_pipeline.domain.findings import Severity
from ocop_pipeline.intake.extract import InfoCell, extract
from ocop_pipeline.intake.recognise import identify, read_period
from tests.unit.intake.filled import shipped, shipped_spec, sound

TODAY = date(2026, 11, 22)


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    """The shipped catalogue."""
    return shipped()


def seen(catalogue, layout="xa-2026", today=TODAY, scope=None, **info):
    """Identify a form with this on its cover sheet."""
    found = extract(shipped_spec(), sound(catalogue, layout, info=info, on=date(2025, 5, 14)).workbook())
    return identify(found, catalogue, today, scope)


def codes(recognised):
    """The codes found, in order."""
    return [finding.code for finding in recognised.findings]


@pytest.mark.parametrize(
    "text",
    [
        "10/2026",
        "Tháng 10/2026",
        "tháng 10 năm 2026",
        "2026-10",
        "10-2026",
        "10.2026",
        "01/10/2026",
        "Ngày 14 tháng 10 năm 2026",
        "Kỳ tháng 10/2026",
        "T10/2026",
    ],
)
def test_a_month_may_be_written_in_any_usual_way(text):
    """The month is what counts, not its spelling."""
    period = read_period(InfoCell(text, None, "", ""))
    assert period is not None
    assert period.key == "2026-10"


@pytest.mark.parametrize(
    "text",
    [
        "", "2026", "quý 4/2026", "tháng mười", "13/2026", "10/26", "00/2026", "6 tháng 2026", "09-10/2026",
        "tháng 9, 10/2026", "tháng 9 và 10 năm 2026", "10 tháng năm 2026", "10 tháng đầu năm 2026",
        "Từ tháng 1 đến tháng 10/2026", "lũy kế đến hết tháng 10/2026", "tuần 2 tháng 10/2026",
    ],
)  # fmt: skip
def test_what_is_no_month_is_not_made_one(text):
    """Quarters, lone years, several months and thirteenth months are refused, not guessed."""
    assert read_period(InfoCell(text, None, "", "")) is None


def test_a_date_cell_names_its_month():
    """A spreadsheet turns 10/2026 into the first of October."""
    period = read_period(InfoCell("2026-10-01", date(2026, 10, 1).toordinal(), "", ""))
    assert period is not None
    assert period.key == "2026-10"


def test_a_sound_cover_sheet_names_the_duty(catalogue):
    """Form, unit by our id, month; nothing to remark."""
    found = seen(catalogue)
    assert found.findings == ()
    assert found.identity is not None
    assert found.identity.duty == ("OCOP-XA", "c24778.2", "", "2026-10")
    assert (found.identity.issue_no, found.identity.reported_on) == (1, date(2026, 10, 15))


@pytest.mark.parametrize(
    "info",
    [
        {"unit_name": "LÂM VIÊN - ĐÀ LẠT"},
        {"unit_name": "P. Lâm Viên-Đà Lạt"},
        {"unit_name": "Phuong Lam Vien - Da Lat"},
        {"unit_name": None},
        {"unit_code": 24778.0},
        {"unit_code": " 24778 "},
        {"province_name": None},
        {"province_name": "Lam Dong"},
    ],
)
def test_spellings_that_contradict_nothing_are_accepted(catalogue, info):
    """Case, spaces, type words, missing accents and a number cell are no doubts."""
    found = seen(catalogue, **info)
    assert found.findings == ()
    assert found.identity is not None
    assert found.identity.unit_id == "c24778.2"


def test_code_and_name_of_two_units_are_both_named_at_the_code(catalogue):
    """The file goes back; whom to answer is decided by the name, the code being the easier slip."""
    found = seen(catalogue, unit_code="24787")
    assert codes(found) == ["UNIT_CODE_NAME_MISMATCH"]
    finding = found.findings[0]
    assert finding.severity is Severity.ERROR
    assert (finding.sheet, finding.cell) == ("Thông tin chung", "B7")
    assert "24787" in finding.args["by_code"]
    assert finding.args["name"] == "Phường Lâm Viên - Đà Lạt"
    assert found.identity is not None
    assert found.identity.unit_id == "c24778.2"


def test_a_name_alone_is_enough_when_it_is_unambiguous_in_its_province(catalogue):
    """Accepted with a warning that asks for the code."""
    found = seen(catalogue, unit_code=None)
    assert codes(found) == ["UNIT_CODE_MISSING"]
    assert found.findings[0].severity is Severity.WARNING
    assert found.findings[0].args["unit_code"] == "24778"
    assert found.identity is not None
    assert found.identity.unit_id == "c24778.2"


def test_a_name_of_several_units_is_set_aside_with_the_candidates(catalogue):
    """Nobody guesses; the candidates are named with their codes."""
    found = seen(catalogue, unit_code=None, unit_name="Tân Hội", province_name=None)
    assert found.identity is None
    assert codes(found) == ["UNIT_AMBIGUOUS"]
    candidates = {match.unit.code for match in catalogue.units.find_name("Tân Hội", date(2026, 10, 14))}
    assert len(candidates) > 1
    assert all(code in found.findings[0].args["candidates"] for code in candidates)


def test_an_unknown_unit_is_set_aside(catalogue):
    """Neither code nor name of any unit."""
    found = seen(catalogue, unit_code="99999", unit_name="Xã Không Có Thật")
    assert found.identity is None
    assert codes(found) == ["UNIT_CODE_UNKNOWN", "UNIT_NOT_FOUND"]


def test_a_unit_that_has_ended_is_returned_to_the_one_that_covers_its_place(catalogue):
    """A code of the old map that nobody bears today: unit, last day and heir are named, the heir is answered."""
    ended = next(
        unit
        for unit in catalogue.units.units(date(2025, 6, 30))
        if unit.tier == "commune"
        and catalogue.units.find_code(unit.code, TODAY) is None
        and len(catalogue.units.successors(unit.unit_id)) == 1
    )
    found = seen(catalogue, unit_code=ended.code, unit_name=ended.full_name, province_name=None)
    assert codes(found) == ["UNIT_NOT_IN_FORCE"]
    args = found.findings[0].args
    heir = catalogue.units.get(catalogue.units.successors(ended.unit_id)[0].successor_id, TODAY)
    assert args["unit"].startswith(f"{ended.full_name}, ")
    assert (args["last_day"], args["successors"]) == ("2025-06-30", f"{heir.full_name} ({heir.code})")
    assert found.findings[0].severity is Severity.ERROR
    assert found.identity is not None
    assert found.identity.unit_id == heir.unit_id


@pytest.mark.parametrize(
    ("code", "name", "heir"),
    [("00004", "Phường Trúc Bạch", "c00004.2"), ("26740", "P. Bến Nghé", "c26740.2")],
)
def test_an_old_code_with_its_old_name_is_no_slip(catalogue, code, name, heir):
    """The code has a new holder; with the old name beside it the old unit is meant and said to be no more."""
    found = seen(catalogue, unit_code=code, unit_name=name, province_name=None)
    assert codes(found) == ["UNIT_NOT_IN_FORCE"]
    assert found.identity is not None
    assert found.identity.unit_id == heir


def test_an_old_name_alone_is_answered_by_what_it_is_now(catalogue):
    """Name, district and province of the old map, no code: the commune that took it over is named and answered."""
    found = seen(catalogue, unit_code=None, unit_name="Xã Tân Hà, huyện Lâm Hà", province_name="Lâm Đồng")
    assert codes(found) == ["UNIT_NOT_IN_FORCE"]
    assert found.findings[0].args["unit"] == "Xã Tân Hà, Tỉnh Lâm Đồng (24916)"
    assert found.findings[0].args["successors"] == "Xã Tân Hà Lâm Hà (24916)"
    assert found.identity is not None
    assert found.identity.unit_id == "c24916.2"


def test_a_divided_unit_is_nobodys_to_answer(catalogue):
    """Gia Lâm's Cổ Bi went to three communes and left no code: all are named, none is taken."""
    found = seen(catalogue, unit_code=None, unit_name="Xã Cổ Bi", province_name="Hà Nội")
    assert codes(found) == ["UNIT_NOT_IN_FORCE"]
    assert found.findings[0].args["successors"].count(";") == 2
    assert found.identity is None


def test_a_unit_that_did_not_exist_yet_is_returned(catalogue):
    """A commune of July 2025 in a workbook for May: told since when it exists and what was there before."""
    found = seen(
        catalogue, "xa-2025", period="05/2025", unit_code=None, unit_name="Xã Tân Hà Lâm Hà",
        district_name=None, province_name="Lâm Đồng",
    )  # fmt: skip
    assert codes(found) == ["UNIT_NOT_YET"]
    args = found.findings[0].args
    assert (args["first_day"], args["on"]) == ("2025-07-01", "2025-05-14")
    assert "Xã Tân Hà (24916)" in args["predecessors"]
    assert found.identity is None


def test_several_units_of_another_day_are_shown_and_none_is_taken(catalogue):
    """A bare name that four old communes bore and none bears today: candidates, no answer."""
    found = seen(catalogue, unit_code=None, unit_name="Tân Hà", province_name=None)
    assert codes(found) == ["UNIT_AMBIGUOUS"]
    assert found.identity is None
    assert found.findings[0].args["candidates"].count("Tân Hà") >= 4


def test_a_ward_of_2026_under_its_old_type_is_the_same_unit(catalogue):
    """Xã Trảng Bom became Phường Trảng Bom on 30/04/2026; its code and place stayed, and so does its report."""
    for period, name in (
        ("10/2026", "Xã Trảng Bom"),
        ("10/2026", "Phường Trảng Bom"),
        ("03/2026", "Xã Trảng Bom"),
    ):
        found = seen(
            catalogue, period=period, unit_code="26248", unit_name=name, province_name="Thành phố Đồng Nai",
        )  # fmt: skip
        assert (codes(found), found.identity and found.identity.unit_id) == ([], "c26248.2")


def test_the_office_may_stand_before_its_units_name(catalogue):
    """A report of "UBND phường …" is the ward's."""
    found = seen(catalogue, unit_name="UBND phường Lâm Viên - Đà Lạt")
    assert codes(found) == []


def test_a_recycled_code_means_its_holder_of_the_month(catalogue):
    """The same code is another commune before July 2025: the month decides."""
    before = catalogue.units.find_code("24778", date(2025, 5, 14))
    assert before is not None
    found = seen(
        catalogue,
        "xa-2025",
        period="05/2025",
        unit_name=before.full_name,
        province_name="Lâm Đồng",
        district_name=None,
    )
    assert found.findings == ()
    assert found.identity is not None
    assert found.identity.unit_id == before.unit_id != "c24778.2"


def test_a_month_that_has_not_begun_is_returned(catalogue):
    """November closes on the 14th of November; December's window opens the day after."""
    assert codes(seen(catalogue, period="12/2026", today=date(2026, 11, 14))) == ["PERIOD_NOT_OPEN"]
    assert codes(seen(catalogue, period="12/2026", today=date(2026, 11, 15))) == []


def test_a_month_that_cannot_be_read_is_set_aside(catalogue):
    """Without its month a report is nobody's duty."""
    found = seen(catalogue, period="quý IV")
    assert found.identity is None
    assert codes(found) == ["PERIOD_UNREADABLE"]
    assert found.findings[0].cell == "B4"


def test_a_district_form_is_refused_for_months_without_districts(catalogue):
    """Districts ended on 30 June 2025, and their form with them."""
    district = catalogue.units.find_code("678", date(2025, 5, 14))
    assert district is not None
    info = {
        "form": "OCOP-HU",
        "unit_code": "678",
        "unit_name": district.full_name,
        "province_name": "Lâm Đồng",
    }
    sent = seen(catalogue, "hu-2025", period="05/2025", **info)
    assert (codes(sent), sent.identity and sent.identity.unit_id) == ([], district.unit_id)
    assert "FORM_NOT_IN_FORCE" in codes(seen(catalogue, "hu-2025", period="08/2025", **info))


def test_a_department_reports_for_its_province(catalogue):
    """Agency by name, with or without the province behind it; unit is the province."""
    info = {"form": "OCOP-TI", "unit_code": 68, "unit_name": "Lâm Đồng"}
    for name in ("Sở Công Thương", "SỞ CÔNG THƯƠNG tỉnh Lâm Đồng"):
        found = seen(catalogue, "ti-2026", agency_name=name, **info)
        assert found.findings == ()
        assert found.identity is not None
        assert found.identity.duty == ("OCOP-TI", "p68.2", "SCT", "2026-10")


def test_an_unknown_department_is_set_aside(catalogue):
    """A department not in force cannot fulfil a duty; those in force are named."""
    info = {"form": "OCOP-TI", "unit_code": "68", "unit_name": "Lâm Đồng"}
    found = seen(catalogue, "ti-2026", agency_name="Sở Nông nghiệp và Phát triển nông thôn", **info)
    assert found.identity is None
    assert codes(found) == ["AGENCY_UNKNOWN"]
    assert "Sở Nông nghiệp và Môi trường" in found.findings[0].args["known"]


def test_a_unit_outside_the_area_served_is_set_aside(catalogue):
    """A secretariat judges its own province's reports only."""
    assert codes(seen(catalogue, scope=("p68.2",))) == []
    found = seen(catalogue, scope=("p01.1",))
    assert found.identity is None
    assert codes(found) == ["OUT_OF_SCOPE"]


def test_another_province_beside_the_right_unit_is_flagged(catalogue):
    """Code and name agree; the province written is a slip."""
    found = seen(catalogue, province_name="Tỉnh Đồng Nai")
    assert codes(found) == ["PROVINCE_DISAGREES"]
    assert found.identity is not None


def test_a_cover_sheet_that_names_another_form_contradicts_itself(catalogue):
    """OCOP-TI written on a commune's form."""
    assert codes(seen(catalogue, form="OCOP-TI")) == ["FORM_CODE_DISAGREES"]
