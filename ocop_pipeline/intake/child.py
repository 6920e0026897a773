"""The program of a reading child: take requests from standard input, answer each on standard output.

Runs in the process that `sandbox` starts and knows nothing of it. Imports little: every import delays every
child.
"""

import gc
import hashlib
import os
import pickle
import resource
import struct
import sys
from collections.abc import Callable
from typing import IO, Any

from ocop_pipeline.intake.grid import MEBIBYTE, Limits, RefusedFileError, Unreadable, UnreadableCode, Workbook
from ocop_pipeline.intake.workbook import read_bytes

FRAME = struct.Struct("<Q")
"""What stands before each pickled message: its length in bytes."""
READY = "ready"
"""The first message of a child, sent when its imports are done and its limits are set."""


def write_payload(stream: IO[bytes], payload: bytes) -> None:
    """Write one pickled message.

    Raises:
        OSError: the other end is gone.
    """
    rest = memoryview(FRAME.pack(len(payload)) + payload)
    while rest:
        rest = rest[stream.write(rest) :]


def _read_frame(stream: IO[bytes]) -> Any:
    """The next message; None at the end of the stream."""
    header = stream.read(FRAME.size)
    if len(header) < FRAME.size:
        return None
    return pickle.loads(stream.read(FRAME.unpack(header)[0]))  # noqa: S301 - from our own parent


def serve() -> None:
    """Be a child: answer requests from standard input until it ends. Called by the boot program only."""
    requests = sys.stdin.buffer
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)  # whatever a library prints must not end up between the answers
    limits, pickled_transform = _read_frame(requests)
    transform = pickle.loads(pickled_transform)  # noqa: S301 - from our own parent
    _confine(limits)
    write_payload(answers, pickle.dumps(READY))
    gc.freeze()
    gc.disable()  # grids hold no cycles; looking for some costs a quarter of the reading
    while (chunk := _read_frame(requests)) is not None:
        gc.collect()
        for source, name, sha256 in chunk:
            _allow_seconds(limits.seconds)
            _answer(answers, _read_one(source, name, sha256, limits, transform), limits)


def _confine(limits: Limits) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core dump would hold what the file held
    resource.setrlimit(resource.RLIMIT_AS, (limits.memory_bytes, limits.memory_bytes))
    resource.setrlimit(
        resource.RLIMIT_FSIZE, (MEBIBYTE, MEBIBYTE)
    )  # its own stderr, and that not without end
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))


def _allow_seconds(seconds: int) -> None:
    used = resource.getrusage(resource.RUSAGE_SELF)
    until = int(used.ru_utime + used.ru_stime) + 1 + seconds
    resource.setrlimit(resource.RLIMIT_CPU, (until, resource.RLIM_INFINITY))


def _read_one(
    source: bytes | str,
    name: str,
    sha256: str | None,
    limits: Limits,
    transform: Callable[[Workbook], Any] | None,
) -> Any:
    try:
        data = source if isinstance(source, bytes) else _read_path(source, limits)
        if sha256 is not None and hashlib.sha256(data).hexdigest() != sha256:
            return Unreadable(UnreadableCode.ARCHIVE_DAMAGED)
        result = read_bytes(data, name, limits)
        return transform(result) if transform and isinstance(result, Workbook) else result
    except RefusedFileError as refused:
        return Unreadable(refused.code, refused.args_for_people)
    except OSError as error:
        return Unreadable(
            UnreadableCode.ARCHIVE_DAMAGED, {"detail": f"{type(error).__name__}: {error.strerror}"}
        )
    except MemoryError:
        return Unreadable(UnreadableCode.OUT_OF_MEMORY, {"limit": limits.memory_bytes})
    except Exception as crash:  # noqa: BLE001 - a transform stumbling over one workbook must not stop the others
        return _crash(crash)


def _read_path(path: str, limits: Limits) -> bytes:
    with open(path, "rb") as file:  # noqa: PTH123 - pathlib is 5 ms of imports for each child
        size = os.fstat(file.fileno()).st_size
        if size > limits.file_bytes:
            raise RefusedFileError(UnreadableCode.TOO_LARGE_FILE, bytes=size, limit=limits.file_bytes)
        return file.read(limits.file_bytes + 1)


def _answer(answers: IO[bytes], result: Any, limits: Limits) -> None:
    try:
        payload = pickle.dumps(result, pickle.HIGHEST_PROTOCOL)
    except MemoryError:
        payload = b""
    except (pickle.PicklingError, AttributeError, TypeError, RecursionError) as error:
        payload = pickle.dumps(_crash(error))
    if not 0 < len(payload) <= limits.answer_bytes:
        payload = pickle.dumps(Unreadable(UnreadableCode.OUT_OF_MEMORY, {"limit": limits.answer_bytes}))
    write_payload(answers, payload)


def _crash(error: Exception) -> Unreadable:
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    where = f"{os.path.basename(trace.tb_frame.f_code.co_filename)}:{trace.tb_lineno}" if trace else ""  # noqa: PTH119
    return Unreadable(
        UnreadableCode.READER_CRASH, {"detail": f"{where} {type(error).__name__}: {error}"[:500]}
    )
