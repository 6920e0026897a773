"""Functions that reading children run in the tests; some misbehave when the first cell tells them to."""

import os
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

from ocop_pipeline.intake.workbook import Workbook


def first_cell(book: Workbook) -> object:
    """The first cell of the first sheet."""
    return book.sheets[0].rows[0][0]


def _spin() -> object:
    while True:
        pass


def _fail() -> object:
    raise ValueError("no such form")


def _print() -> object:
    print("noise")  # noqa: T201 - noise on the child's standard output is what is tested
    sys.stdout.flush()
    os.write(1, b"more noise")
    return "print"


ORDERS: dict[str, Callable[[], object]] = {
    "abort": os.abort,
    "exit": lambda: os._exit(3),
    "sleep": lambda: time.sleep(600),
    "spin": _spin,
    "grow": lambda: len(b"x" * (1 << 40)),
    "raise": _fail,
    "unpicklable": lambda: _fail.__code__,
    "none": lambda: None,
    "print": _print,
}


def obey(book: Workbook) -> object:
    """Do what the first cell orders; return it where it orders nothing."""
    order = str(first_cell(book))
    if order.startswith("once "):
        marker = Path(order.removeprefix("once "))
        if not marker.exists():
            marker.touch()
            os.abort()
    return ORDERS.get(order, lambda: order)()


def surroundings(_: Workbook) -> dict[str, object]:
    """What a child can see and may use."""
    return {
        "environment": dict(os.environ),
        "modules": sorted(sys.modules),
        "memory": resource.getrlimit(resource.RLIMIT_AS)[0],
        "core": resource.getrlimit(resource.RLIMIT_CORE)[0],
        "processor": resource.getrlimit(resource.RLIMIT_CPU)[0] < 100,
        "pid": os.getpid(),
    }
