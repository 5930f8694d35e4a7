"""How far ingestion is: rows, images, rate and time left, where a person looks on."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console
from rich.progress import BarColumn, SpinnerColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars


class Progress(Protocol):
    """What ingestion tells of its progress, between entering and leaving it."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...

    def expect_bytes(self, count: int) -> None:
        """So many bytes of rows are to be read."""

    def read(self, size: int, rows: int) -> None:
        """A unit of rows is done: about `size` bytes."""

    def expect_images(self, count: int) -> None:
        """So many more images are to be decoded."""

    def decoded(self, count: int) -> None:
        """So many more images are done."""


class Quiet:
    """Says nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def expect_bytes(self, count: int) -> None:
        """Say nothing."""

    def read(self, size: int, rows: int) -> None:
        """Say nothing."""

    def expect_images(self, count: int) -> None:
        """Say nothing."""

    def decoded(self, count: int) -> None:
        """Say nothing."""


class Shown:
    """Two bars, of rows and of images; they go when they are done."""

    def __init__(self, console: Console | None = None) -> None:
        self._bars = Bars(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[count]:>12,} {task.fields[unit]}"),
            TextColumn("{task.fields[rate]:>10,.0f}/s"),
            TimeRemainingColumn(),
            console=console or Console(stderr=True),
            transient=True,
        )
        self._rows = self._bars.add_task("rows", total=None, count=0, unit="rows", rate=0.0)
        self._images = self._bars.add_task(
            "images", total=0, count=0, unit="images", rate=0.0, visible=False
        )
        self._expected = 0

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()

    def expect_bytes(self, count: int) -> None:
        """Let the bar of rows end at so many bytes."""
        self._bars.update(self._rows, total=count)

    def read(self, size: int, rows: int) -> None:
        """Move the bar of rows."""
        self._move(self._rows, size, rows)

    def expect_images(self, count: int) -> None:
        """Let the bar of images end later."""
        self._expected += count
        self._bars.update(self._images, total=self._expected, visible=self._expected > 0)

    def decoded(self, count: int) -> None:
        """Move the bar of images."""
        self._move(self._images, count, count)

    def _move(self, number: object, advance: int, count: int) -> None:
        task = next(task for task in self._bars.tasks if task.id == number)
        whole = task.fields["count"] + count
        rate = whole / task.elapsed if task.elapsed else 0.0
        self._bars.update(task.id, advance=advance, count=whole, rate=rate)


def progress_here() -> Progress:
    """Bars in a terminal, nothing elsewhere."""
    return Shown() if sys.stderr.isatty() else Quiet()
