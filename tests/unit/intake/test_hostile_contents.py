"""What a workbook may carry beside its cells: never run, never followed, never added to what is given back."""

import io
import subprocess
import sys
import zipfile
from pathlib import Path

import openpyxl
import pytest

from ocop_pipeline.catalogue.template_words import TemplateWords
from ocop_pipeline.intake.answer import Answer, FindingAnswer
from ocop_pipeline.intake.answer_text import answer_text
from ocop_pipeline.intake.grid import Unreadable, UnreadableCode, Workbook
from ocop_pipeline.intake.marked_answer import marked_answer
from ocop_pipeline.intake.workbook import read_bytes
from tests.unit.intake import hostile
from tests.unit.intake.filled import shipped

_RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_OUTSIDE = (
    f'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    f'<Relationship Id="rId1" Type="{_RELATION}/image" Target="http://127.0.0.1:9/p.png" TargetMode="External"/>'
    f'<Relationship Id="rId2" Type="{_RELATION}/oleObject" Target="file:///etc/passwd" TargetMode="External"/>'
    "</Relationships>"
).encode()
_MAIN = f'xmlns="{hostile.SPREADSHEET}"'
CARRIED = {
    "xl/vbaProject.bin": b'Sub Auto_Open(): Shell "calc": End Sub',
    "xl/macrosheets/sheet9.xml": f"<macrosheet {_MAIN}/>".encode(),
    "xl/embeddings/oleObject1.bin": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1MZ",
    "xl/externalLinks/externalLink1.xml": (
        f'<externalLink {_MAIN}><ddeLink ddeService="cmd" ddeTopic="/c calc"/></externalLink>'
    ).encode(),
    "xl/externalLinks/_rels/externalLink1.xml.rels": _OUTSIDE,
    "xl/connections.xml": (
        f'<connections {_MAIN}><connection id="1" type="4" refreshOnLoad="1">'
        '<webPr url="http://127.0.0.1:9/q"/></connection></connections>'
    ).encode(),
    "xl/queryTables/queryTable1.xml": f'<queryTable {_MAIN} connectionId="1"/>'.encode(),
    "xl/drawings/_rels/drawing1.xml.rels": _OUTSIDE,
    "xl/worksheets/_rels/sheet1.xml.rels": _OUTSIDE,
    "customXml/item1.xml": b'<DataMashup xmlns="http://schemas.microsoft.com/DataMashup">UEsDBA==</DataMashup>',
}
"""Macros, an object, a DDE link, a web query, pictures elsewhere, a PowerQuery: what Office would offer to open."""
FORMULAS = (
    '<row r="1"><c r="A1" t="inlineStr"><is><t>Số</t></is></c><c r="B1" t="str"><f>WEBSERVICE("http://127.0.0.1:9/")</f>'
    '<v>cũ</v></c><c r="C1"><f>[1]A!$A$1</f><v>5</v></c><c r="D1"><f>HYPERLINK("file:///etc/passwd")</f></c></row>'
)
# Nothing can be opened any more, by whatever library: no file, no socket, no pipe to another program.
_CLOSED = """
import io, resource, sys
from ocop_pipeline.intake.workbook import read_bytes
from tests.unit.intake import hostile
read_bytes(hostile.sound(), "a.xlsx")
asked = []
signs = ("open", "socket", "subprocess", "os.")
sys.addaudithook(lambda event, _: asked.append(event) if event.startswith(signs) else None)
data = sys.stdin.buffer.read()
resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))
book = read_bytes(data, "a.xlsx")
print(ascii(book.sheets[0].rows), sorted(book.sheets[0].uncomputed), asked)
"""


def carrying(without: tuple[str, ...] = ()) -> bytes:
    """A workbook with all of `CARRIED`, except some."""
    parts = {name: content for name, content in CARRIED.items() if name not in without}
    return hostile.edited(hostile.with_rows(FORMULAS), lambda _, part: part, parts)


def test_nothing_is_opened_while_reading():
    """A process that can open neither file nor socket reads the stored values all the same, and never tries to."""
    result = subprocess.run(  # noqa: S603 - our own interpreter and a constant program
        [sys.executable, "-c", _CLOSED], input=carrying(), capture_output=True, check=True, cwd=Path.cwd(),
    )  # fmt: skip
    assert result.stdout.decode().strip() == "[['S\\u1ed1', 'c\\u0169', 5.0]] [(0, 3)] []"


def said(cell: str, message: str) -> Answer:
    """An answer with one error."""
    finding = FindingAnswer(
        code="NOT_A_NUMBER",
        severity="error",
        sheet="BM01",
        cell=cell,
        message_vi=message,
        message_en=message,
        reason="",
        args={},
    )
    return Answer(
        file="=cmd.xlsx", folder="", submission_id="0" * 64, verdict="returned", form=None, layout=None, unit_id=None,
        unit_name=None, agency=None, agency_name=None, period=None, received_on=None, findings=[finding], repairs=[],
        not_run=None,
    )  # fmt: skip


@pytest.fixture(scope="module")
def words() -> TemplateWords:
    """The sentences of the first sheet."""
    return shipped().template_words


def test_macros_are_not_sent_back_by_us(words):
    """A workbook with macros is answered by a document instead."""
    assert marked_answer(carrying(), said("B1", "Sai."), words) is None


def test_what_is_given_back_carries_no_more_than_what_was_sent(words):
    """Links, queries and formulas are the sender's own, byte for byte; ours are none."""
    sent = carrying(
        without=("xl/vbaProject.bin", "xl/macrosheets/sheet9.xml", "xl/worksheets/_rels/sheet1.xml.rels")
    )
    marked = marked_answer(sent, said("C1", '=WEBSERVICE("http://127.0.0.1:9/")'), words)
    assert marked is not None
    with zipfile.ZipFile(io.BytesIO(sent)) as before, zipfile.ZipFile(io.BytesIO(marked)) as after:
        for name in CARRIED.keys() & set(before.namelist()):
            assert after.read(name) == before.read(name)
        theirs, ours = (
            [part.count(sign) for sign in (b"<f>", b'TargetMode="External"', b"http://127")]
            for part in (b"".join(map(package.read, package.namelist())) for package in (before, after))
        )
    assert ours[:2] == theirs[:2]
    first = openpyxl.load_workbook(io.BytesIO(marked)).worksheets[0]
    assert not [
        cell for row in first.iter_rows() for cell in row if cell.data_type == "f" and "WEB" in cell.value
    ]


def test_formulas_of_a_csv_come_out_as_text(words):
    """`=cmd|…` in a CSV is a text when read; the answer shows it inside a sentence, never first in a line."""
    attack = "=cmd|' /C calc'!A1"
    book = read_bytes(f"[BM01]\nMã;Trong kỳ\nTT04;{attack}\n".encode(), "a.csv")
    assert isinstance(book, Workbook)
    assert book.sheets[0].rows[1] == ["TT04", attack]
    lines = answer_text(said("B3", attack), words).splitlines()
    assert [line for line in lines if line.startswith(("=", "+", "-", "@"))] == []


def test_a_thousand_sheets_are_too_many():
    """What no form has is refused before it is read."""
    answer = read_bytes(hostile.sound({f"S{number}": [[number]] for number in range(1_000)}), "a.xlsx")
    assert isinstance(answer, Unreadable)
    assert answer.code is UnreadableCode.TOO_MANY_SHEETS


def test_very_hidden_sheets_are_hidden_sheets():
    """A sheet that Excel's own menus do not show is read, and known to be hidden."""
    book = hostile.edited(
        hostile.sound({"A": [[1]], "B": [[2]]}),
        lambda _, part: part.replace(b'sheetId="2"', b'sheetId="2" state="veryHidden"'),
    )
    read = read_bytes(book, "a.xlsx")
    assert isinstance(read, Workbook)
    assert [sheet.hidden for sheet in read.sheets] == [False, True]
