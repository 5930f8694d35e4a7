"""Measuring commands in processes and folders of their own, of which nothing is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import psutil

from serving.process_table import free_port, resident
from serving.processes import LocalSeldon

REPOSITORY = Path(__file__).resolve().parent.parent
OUTPUT_LINES = 20
# Linux counts the memory that a process had at most in KiB, macOS in bytes
RSS_UNIT = 1 if sys.platform == "darwin" else 1024


@dataclass(frozen=True)
class Cost:
    """What a command took: seconds by the clock, seconds of processor time, bytes at most.

    Processor time and memory are the command's and those of the programs that it waited for. A
    server that it left running is not counted.
    """

    wall: float
    cpu: float
    memory: int


@dataclass(frozen=True)
class Place:
    """A folder for all that commands write, and a port for the server that they start."""

    folder: Path
    port: int

    @property
    def home(self) -> Path:
        """What commands see as ADCLICK_HOME."""
        return self.folder / "home"

    def measure(self, *arguments: str, python: str = sys.executable) -> Cost:
        """Run Python with these arguments from the repository's root and return what it took.

        `python` is the interpreter of another environment, where the work needs one.
        Raises RuntimeError with the command's last lines when it fails.
        """
        command = [python, *arguments]
        output = self.folder / "output.txt"
        with output.open("wb") as file:
            started = time.perf_counter()
            # in a session of its own: Ctrl-C reaches the benchmark alone, which then cleans up
            child = subprocess.Popen(
                command,
                cwd=REPOSITORY,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            try:
                _, status, usage = os.wait4(child.pid, 0)
            except BaseException:
                os.killpg(child.pid, signal.SIGKILL)
                child.wait()
                raise
            wall = time.perf_counter() - started
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode != 0:
            raise RuntimeError(_failure(arguments, child.returncode, output))
        return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * RSS_UNIT)

    def _environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "ADCLICK_HOME": str(self.home),
            "ADCLICK_SELDON_PORT": str(self.port),
            "TMPDIR": str(self.folder),
        }


@contextmanager
def new_place() -> Iterator[Place]:
    """An empty place; its server is stopped and its folder removed at the end, come what may."""
    with tempfile.TemporaryDirectory(prefix="adclick-bench-") as folder:
        place = Place(Path(folder), free_port())
        try:
            yield place
        finally:
            local_seldon(place.home, place.port).stop()


@contextmanager
def cleaning_up_when_terminated() -> Iterator[None]:
    """Inside of this Ctrl-C, SIGTERM and SIGHUP end the program without a word, but in order."""
    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    former = [signal.signal(number, _exit) for number in signals]
    try:
        yield
    finally:
        for number, handler in zip(signals, former, strict=True):
            signal.signal(number, handler)


def local_seldon(home: Path, port: int) -> LocalSeldon:
    """The server of a state folder, where stacks/local.yaml has it."""
    state = home / "serving"
    return LocalSeldon(state, port, state / "predictions")


def memory(processes: Iterable[psutil.Process]) -> int:
    """Bytes of these processes; what several share counts once (PSS)."""
    total = 0
    for one in processes:
        try:
            total += resident([one])
        except psutil.Error:
            continue
    return total


def _exit(number: int, frame: FrameType | None) -> None:
    sys.exit(128 + number)


def _failure(arguments: Sequence[str], code: int, output: Path) -> str:
    lines = output.read_text(encoding="utf-8", errors="replace").splitlines()[-OUTPUT_LINES:]
    return "\n".join([f"python {' '.join(arguments)} exited with {code}:", *lines])
