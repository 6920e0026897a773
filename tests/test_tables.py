"""What tables of the terminal must hold: nothing that a person copies is ever cut or broken."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from ocop_pipeline.cli import console

HEADERS = ["Sản phẩm", "Chủ thể", "Đơn vị", "Quyết định", "Ngày", "Cơ quan, cấp", "Hết hạn từ", "Mã", "Nguồn"]
ROW = [
    "Khoai lang sấy", "Công ty TNHH Thực phẩm Biển Vui Mũi Né", "Phường Mũi Né", "3081/QĐ-UBND", "05/01/2021",
    "UBND tỉnh Bình Thuận, cấp tỉnh", "05/01/2024", "9dd20ce4b5", "BC-T10.2025-MuiNe-22918.csv: Biểu 2!M136",
]  # fmt: skip


def printed(width: int, headers: list[str], rows: list[list[str]], *, terminal: bool = True) -> str:
    """What a table looks like on a terminal of some width, or in a pipe."""
    stream = io.StringIO()
    screen = Console(file=stream, force_terminal=terminal, color_system=None, width=width, highlight=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(console, "out", lambda: screen)
        console.print_table(headers, rows)
    return stream.getvalue()


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_terminal_breaks_no_date_and_no_number(width: int) -> None:
    """On a terminal of any usual width, every word of every cell stands whole and no line is wider."""
    shown = printed(width, HEADERS, [ROW])
    assert {word for cell in ROW for word in cell.split()} <= set(shown.split())
    assert "…" not in shown
    assert max(map(len, shown.splitlines())) <= width


def test_pipe_holds_a_row_in_one_line() -> None:
    """In a pipe a row is one line, however wide, so that grep finds all of it."""
    shown = printed(80, HEADERS, [ROW], terminal=False)
    lines = [line for line in shown.splitlines() if "9dd20ce4b5" in line]
    assert len(lines) == 1
    assert all(cell in lines[0] for cell in ROW)


@given(
    cells=st.lists(
        st.text(st.characters(categories=("L", "N"), max_codepoint=0x24F), min_size=1, max_size=24),
        min_size=1,
        max_size=12,
    )
)
def test_no_cell_is_lost(cells: list[str]) -> None:
    """Whatever stands in a row without blanks is printed whole at 80 columns, as table or as list."""
    shown = printed(80, [f"H{place}" for place in range(len(cells))], [cells])
    assert all(cell in shown for cell in cells)
