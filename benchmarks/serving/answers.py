"""Putting a server under load, and what it answered."""

from __future__ import annotations

import itertools
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from adclick.arrays import Array, Float64
from benchmarks.processes import REPOSITORY
from benchmarks.serving.load import Load

OK = 200
STARTED = itertools.count()


@dataclass(frozen=True)
class Answers:
    """When each request began (Unix time), the seconds it took and its status."""

    starts: Float64 = field(repr=False)
    seconds: Float64 = field(repr=False)
    statuses: Array = field(repr=False)

    @classmethod
    def read(cls, path: Path) -> Answers:
        """What a load wrote."""
        with np.load(path) as told:
            return cls(told["starts"], told["seconds"], told["statuses"])

    def __len__(self) -> int:
        return len(self.statuses)

    @property
    def failed(self) -> int:
        """Requests without an answer, or with another status than 200."""
        return int(np.count_nonzero(self.statuses != OK))

    @property
    def per_second(self) -> float:
        """Requests a second, from the first one's begin to the last one's end."""
        ends = self.starts + self.seconds
        return len(self) / float(ends.max() - self.starts.min())

    @property
    def slowest(self) -> float:
        """Milliseconds of the slowest request."""
        return 1e3 * float(self.seconds.max())

    def milliseconds(self, percentile: float) -> float:
        """So many percent of the requests took no longer."""
        return 1e3 * float(np.percentile(self.seconds, percentile))


@dataclass(frozen=True)
class Asked:
    """How a server is asked: where, and with which bodies, one a line of the file."""

    port: int
    path: str
    bodies: Path

    def ask(self, seconds: float, clients: int, rate: float | None = None) -> Answers:
        """The answers to a load of so many seconds."""
        with self.asking(seconds, clients, rate) as load:
            return load.answers()

    @contextmanager
    def asking(
        self, seconds: float, clients: int, rate: float | None = None, name: str = "load"
    ) -> Iterator[RunningLoad]:
        """A load that runs meanwhile; it is stopped at the end if it has not ended."""
        folder = self.bodies.parent
        number = next(STARTED)
        plan, answers = folder / f"load-{number}.json", folder / f"answers-{number}.npz"
        bodies = str(self.bodies)
        load = Load(self.port, self.path, bodies, str(answers), seconds, clients, rate, name)
        load.write(plan)
        command = [sys.executable, "-m", "benchmarks.serving.load", str(plan)]
        process = subprocess.Popen(command, cwd=REPOSITORY, start_new_session=True)
        try:
            yield RunningLoad(process, answers)
        finally:
            process.kill()
            process.wait()
            answers.unlink(missing_ok=True)


@dataclass(frozen=True)
class RunningLoad:
    """A load under way."""

    process: subprocess.Popen[bytes]
    path: Path

    def end(self) -> None:
        """Have nothing asked any more; what was asked is waited for."""
        self.process.terminate()

    def answers(self) -> Answers:
        """What was answered, once the load is over; raises RuntimeError when it broke."""
        if code := self.process.wait():
            raise RuntimeError(f"the load exited with {code}")
        return Answers.read(self.path)


def write_bodies(path: Path, bodies: Sequence[bytes]) -> Path:
    """Write bodies for `Asked`, which no line break may be in."""
    path.write_bytes(b"\n".join(bodies))
    return path
