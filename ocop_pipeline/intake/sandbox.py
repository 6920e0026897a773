"""Reading many files in child processes, so that no file can hurt this process or stop the others.

A child has a cap on memory and processor time, an empty environment and no way to write files; it reads one
file after another and answers each. When it dies, only the file it had in hand is blamed (after a second try
alone), and a fresh child goes on. This confines accidents of size, time and crash; it is no wall against code
execution: the child is the same user.

Children are plain subprocesses, not `multiprocessing` ones: those import the parent's main module again (with
Dagster that is seconds and hundreds of megabytes), and a fork after Polars was used hangs.
"""

import logging
import os
import pickle
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import IO, Any, Generic, TypeVar, overload

from ocop_pipeline.intake.child import FRAME, READY, write_payload
from ocop_pipeline.intake.workbook import DEFAULT_LIMITS, Limits, Unreadable, UnreadableCode, Workbook

logger = logging.getLogger(__name__)

Key = TypeVar("Key")
Result = TypeVar("Result")

CHUNK = 8
"""Files handed to a child at once: a handful starts one child only, and a child is kept busy."""
_START_SECONDS = 60.0
_SLACK_SECONDS = 5.0  # a child stops itself by processor time; the clock is for one that sleeps
_STDERR_KEPT = 4_000
_READY = pickle.dumps(READY)
# -I -S: no user paths, no .pth files, nothing of the environment; the parent's path is handed over instead.
_BOOT = (
    "import os, sys; sys.path[:] = sys.argv[1].split(os.pathsep); "
    "from ocop_pipeline.intake.child import serve; serve()"
)


class SandboxError(Exception):
    """The reading children cannot work at all: they do not start, or cannot import the transform."""


@dataclass(frozen=True, slots=True)
class Item(Generic[Key]):
    """One file to read.

    Attributes:
        key: returned with the result, never sent to a child.
        source: the bytes, or a path the child opens itself (cheaper: no copy through a pipe).
        name: the name the file arrived with.
        sha256: expected digest of the bytes, checked by the child; None leaves that out.
    """

    key: Key
    source: bytes | Path
    name: str
    sha256: str | None = None


@overload
def read_many(
    items: Iterable[Item[Key]], *, workers: int | None = None, limits: Limits = ...
) -> Iterator[tuple[Key, Workbook | Unreadable]]: ...


@overload
def read_many(
    items: Iterable[Item[Key]],
    *,
    transform: Callable[[Workbook], Result],
    workers: int | None = None,
    limits: Limits = ...,
) -> Iterator[tuple[Key, Result | Unreadable]]: ...


def read_many(
    items: Iterable[Item[Key]],
    *,
    transform: Callable[[Workbook], Any] | None = None,
    workers: int | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> Iterator[tuple[Key, Any]]:
    """Read files in child processes.

    Args:
        items: the files; consumed a few chunks ahead of what has been yielded.
        transform: a top-level function of an importable module, run in the child on each workbook, so that
            only its (smaller) result travels back. Where it raises, the file is a READER_CRASH with the
            exception as detail.
        workers: children at most; as many as there are processors when None. Up to `CHUNK` files start one
            only.
        limits: caps for each file and for the memory of a child.

    Yields:
        Key and workbook (or result of the transform) or reason, in the order of the items.

    Raises:
        SandboxError: the children cannot work at all.
    """
    count = workers or len(os.sched_getaffinity(0))
    pool = _Pool(limits, transform)
    remaining = iter(items)
    pending: deque[Future[list[tuple[Key, Any]]]] = deque()
    # A thread per child does nothing but wait for its answers.
    threads = ThreadPoolExecutor(count, thread_name_prefix="reading")
    try:
        while True:
            while len(pending) < 2 * count and (chunk := list(islice(remaining, CHUNK))):
                pending.append(threads.submit(pool.read_chunk, chunk))
            if not pending:
                return
            yield from pending.popleft().result()
    finally:
        pool.stop()
        threads.shutdown(cancel_futures=True)
        pool.close()


class _Pool:
    """Idle children, and the reading of one chunk with one of them."""

    def __init__(self, limits: Limits, transform: Callable[[Workbook], Any] | None) -> None:
        self._limits = limits
        try:
            self._transform = pickle.dumps(transform)
        except (pickle.PicklingError, AttributeError, TypeError) as error:
            raise SandboxError(f"the transform must be a top-level function of a module: {error}") from error
        self._idle: SimpleQueue[_Child] = SimpleQueue()
        self._alive: set[_Child] = set()
        self._closed = False

    def read_chunk(self, chunk: list[Item[Key]]) -> list[tuple[Key, Any]]:
        """Read a chunk, replacing a child that dies."""
        results: list[tuple[Key, Any]] = []
        child = self._take()
        todo = chunk
        while todo:
            answers = child.read(todo)
            results.extend((item.key, answer) for item, answer in zip(todo, answers, strict=False))
            todo = todo[len(answers) :]
            if todo:
                if self._closed:
                    return results
                verdict = child.verdict()
                self._drop(child)
                results.append((todo[0].key, self._second_try(todo[0], verdict)))
                todo = todo[1:]
                child = self._take()
            elif any(map(_is_out_of_memory, answers)):
                self._drop(child)
                return results
        self._idle.put(child)
        return results

    def _second_try(self, item: Item[Key], verdict: Unreadable) -> Any:
        """Read alone, in a fresh child, the file a child died on: it may have been another file's fault."""
        logger.warning("A reading child died on %r: %s %s", item.name, verdict.code.name, dict(verdict.args))
        if verdict.code is UnreadableCode.READER_TIMEOUT:
            return verdict
        child = self._start()
        answers = child.read([item])
        answer = answers[0] if answers else child.verdict()
        self._drop(child)
        return answer

    def _take(self) -> "_Child":
        try:
            return self._idle.get_nowait()
        except Empty:
            return self._start()

    def _start(self) -> "_Child":
        child = _Child(self._limits, self._transform)
        self._alive.add(child)
        if self._closed:  # while it was starting
            child.stop()
        return child

    def _drop(self, child: "_Child") -> None:
        child.close()
        self._alive.discard(child)

    def stop(self) -> None:
        """End all children, also those still at work, so that the threads waiting for them come back."""
        self._closed = True
        for child in list(self._alive):
            child.stop()

    def close(self) -> None:
        """Release the children; for when no thread uses them any more."""
        for child in list(self._alive):
            child.close()


def _is_out_of_memory(answer: object) -> bool:
    # Its heap is in pieces by now; the next file deserves a fresh one.
    return isinstance(answer, Unreadable) and answer.code is UnreadableCode.OUT_OF_MEMORY


class _Child:
    """One reading process, seen from here."""

    def __init__(self, limits: Limits, transform: bytes) -> None:
        self._limits = limits
        self._timed_out = False
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the child
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and a constant program
            [sys.executable, "-I", "-S", "-X", "utf8", "-c", _BOOT, os.pathsep.join(sys.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            bufsize=0,
            env={},  # what reads hostile files has no need of anybody's secrets
            process_group=0,  # Ctrl-C in a terminal is for the parent, which then stops its children
        )
        self._send((limits, transform))
        if self._receive(_START_SECONDS) != _READY:
            self._bury()
            words = self._last_words()
            self.close()
            raise SandboxError(f"a reading child did not start: {words}")

    def read(self, items: list[Item[Any]]) -> list[Any]:
        """Answers for the items, in order; fewer than items when the child died on the next one."""
        answers: list[Any] = []
        self._send([(_plain_source(item.source), item.name, item.sha256) for item in items])
        for _ in items:
            frame = self._receive(self._limits.seconds + _SLACK_SECONDS)
            if frame is None:
                self._bury()
                break
            answers.append(pickle.loads(frame))  # noqa: S301 - our own child; see the module's docstring
        return answers

    def verdict(self) -> Unreadable:
        """What the death of the child says about the file it was reading."""
        code = self._process.returncode
        if self._timed_out or code == -signal.SIGXCPU:
            return Unreadable(UnreadableCode.READER_TIMEOUT, {"limit": self._limits.seconds})
        words = self._last_words()
        if "memory allocation of" in words or "MemoryError" in words:  # how Rust and Python take leave
            return Unreadable(UnreadableCode.OUT_OF_MEMORY, {"limit": self._limits.memory_bytes})
        return Unreadable(UnreadableCode.READER_CRASH, {"detail": f"exit {code}: {words[-300:]}"})

    def stop(self) -> None:
        """End the child, whatever it is doing. May be called more than once and from another thread."""
        self._process.kill()
        self._process.wait()

    def close(self) -> None:
        """End the child and release what belongs to it; for the thread that uses it."""
        self.stop()
        for stream in (self._process.stdin, self._process.stdout, self._stderr):
            if stream is not None:
                with suppress(OSError):
                    stream.close()

    def _bury(self) -> None:
        """After its last answer: wait for its own end, which tells why; end it where it hangs."""
        try:
            self._process.wait(0 if self._timed_out else _SLACK_SECONDS)
        except subprocess.TimeoutExpired:
            self.stop()

    def _last_words(self) -> str:
        size = self._stderr.seek(0, os.SEEK_END)
        self._stderr.seek(max(0, size - _STDERR_KEPT))
        return self._stderr.read().decode(errors="replace").strip()

    def _send(self, message: object) -> None:
        # A child that is gone shows when its answer is awaited.
        with suppress(BrokenPipeError):
            write_payload(_stream(self._process.stdin), pickle.dumps(message, pickle.HIGHEST_PROTOCOL))

    def _receive(self, seconds: float) -> bytes | None:
        """The next frame; None when the child ended or kept still for too long."""
        deadline = time.monotonic() + seconds
        header = self._receive_exactly(FRAME.size, deadline)
        return header and self._receive_exactly(FRAME.unpack(header)[0], deadline)

    def _receive_exactly(self, size: int, deadline: float) -> bytes | None:
        stream = _stream(self._process.stdout)
        poll = select.poll()
        poll.register(stream, select.POLLIN)
        pieces = bytearray()
        while len(pieces) < size:
            if not poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
                self._timed_out = True
                return None
            piece = os.read(stream.fileno(), size - len(pieces))
            if not piece:
                return None
            pieces += piece
        return bytes(pieces)


def _stream(stream: IO[bytes] | None) -> IO[bytes]:
    if stream is None:
        raise SandboxError("a reading child has no pipe")
    return stream


def _plain_source(source: bytes | Path) -> bytes | str:
    return source if isinstance(source, bytes) else os.fspath(source)
