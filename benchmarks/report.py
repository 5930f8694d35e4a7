"""Reporting a benchmark: a table for people, and results/NAME.json for programs."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from benchmarks.figures import Figure
from benchmarks.machine import Machine

RESULTS = Path(__file__).parent / "results"
WIDTH = 150


def report(
    name: str,
    figures: Sequence[Figure],
    machine: Machine,
    results: Path = RESULTS,
    *,
    part: bool = False,
) -> Path:
    """Keep the figures as NAME.json in `results`, print them, and return that file's path.

    With `part` they take the place of those of the same names in the report that is there, and
    each says when and where it was measured again.
    """
    date = datetime.now(UTC).isoformat(timespec="seconds")
    measured = {"machine": asdict(machine), "date": date}
    told = [_as_json(figure) for figure in figures]
    results.mkdir(parents=True, exist_ok=True)
    path = results / f"{name}.json"
    if part:
        former = json.loads(path.read_bytes()) if path.exists() else {"figures": []}
        document = _with_part(former, told, measured)
    else:
        document = {"figures": told, **measured}
    path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    # in a file or a pipe there is no width to keep to
    console = Console(highlight=False, width=None if sys.stdout.isatty() else WIDTH)
    console.print()
    console.print(_table(figures))
    console.print()
    console.print(f"{machine}, {date}", style="dim")
    return path


def _with_part(
    document: dict[str, Any], told: Sequence[dict[str, Any]], measured: dict[str, Any]
) -> dict[str, Any]:
    again = {one["name"]: {**one, "again": measured} for one in told}
    former = {one["name"]: one for one in document["figures"]}
    return {**document, "figures": [*(former | again).values()]}


def _table(figures: Sequence[Figure]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("figure", style="bold")
    table.add_column("value", justify="right")
    table.add_column("unit")
    table.add_column("spread", justify="right", style="dim")
    table.add_column("target", justify="right")
    table.add_column("holds")
    table.add_column("compared with", style="dim")
    for figure in figures:
        spread = figure.spread
        table.add_row(
            figure.name,
            _number(figure.value),
            figure.unit,
            f"{_number(spread.low)} - {_number(spread.high)} {spread.of}" if spread else "",
            str(figure.target or ""),
            _verdict(figure.holds),
            figure.compared_with or "",
        )
    return table


def _verdict(holds: bool | None) -> Text:
    if holds is None:
        return Text("")
    return Text("yes", "green") if holds else Text("no", "bold red")


def _number(value: float) -> str:
    """Three figures that count, or all before the point: 0.084, 7.31, 93.7, 1,250."""
    if not value:
        return "0"
    before_point = math.floor(math.log10(abs(value))) + 1
    return f"{value:,.{min(max(3 - before_point, 0), 4)}f}"


def _as_json(figure: Figure) -> dict[str, Any]:
    return {
        "name": figure.name,
        "value": figure.value,
        "unit": figure.unit,
        "target": str(figure.target) if figure.target else None,
        "holds": figure.holds,
        "spread": asdict(figure.spread) if figure.spread else None,
        "compared_with": figure.compared_with,
    }
