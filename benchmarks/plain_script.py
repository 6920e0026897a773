"""What somebody with pandas would write in an afternoon: read the indicator sheet of every file and add it up.

No archive, no recognition, no checks, no register, no report: a floor for the patience of a user, not a rival.
"""

from pathlib import Path

import pandas as pd


def plain_month(files: list[Path]) -> pd.DataFrame:
    """Indicator code -> sums of the two value columns over all files."""
    frames = []
    for path in files:
        sheets = pd.read_excel(path, sheet_name=None, header=None, engine="openpyxl")
        grid = next((frame for name, frame in sheets.items() if "BM01" in name or "Biểu 1" in name), None)
        if grid is not None:
            frames.append(_values(grid))
    return pd.concat(frames).groupby("code").sum(numeric_only=True)


def _values(grid: pd.DataFrame) -> pd.DataFrame:
    header = next(i for i, row in grid.iterrows() if {"Mã", "STT"} & set(row.astype(str)))
    table = grid.iloc[header + 1 :].copy()
    table.columns = [str(name) for name in grid.iloc[header]]
    numbers = table.iloc[:, 3:5].apply(pd.to_numeric, errors="coerce")
    numbers.columns = ["in_period", "closing"]
    return numbers.assign(code=table.iloc[:, 0].to_numpy())
