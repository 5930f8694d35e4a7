"""The checks' table in the terminal."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from adclick.views.summary import WIDTH
from stacks.checks.check import CheckResult, Status

STYLES = {Status.HOLDS: "green", Status.FAILS: "bold red", Status.NOT_CHECKED: "yellow"}
BAD_INPUT = 2


def print_checks(results: Sequence[CheckResult]) -> None:
    """Print what was checked and found, then the commands that mend what fails."""
    console = Console(highlight=False, width=None if sys.stdout.isatty() else WIDTH)
    console.print(checks_view(results))
    mends = mends_of(results)
    if mends:
        console.print(Text("\nto mend", "bold"))
    for mend, names in mends.items():
        console.print(Text(f"# {', '.join(names)}", "dim"))
        # one line each, to be pasted whole
        console.print(Text(mend), soft_wrap=True)


def checks_view(results: Sequence[CheckResult]) -> RenderableType:
    """The table, and a line that counts."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("check", style="bold", overflow="fold")
    table.add_column("", no_wrap=True)
    table.add_column("found", overflow="fold")
    for result in results:
        verdict = Text(result.status.value, STYLES[result.status])
        table.add_row(Text(result.check), verdict, Text(result.found))
    counts = Counter(result.status for result in results)
    count = ", ".join(f"{counts[status]} {status.value}" for status in Status if counts[status])
    return Group("", table, "", Text(count, "bold"))


def mends_of(results: Sequence[CheckResult]) -> dict[str, list[str]]:
    """Each command once, with the checks that it mends."""
    mends: dict[str, list[str]] = {}
    for result in results:
        if result.mend:
            mends.setdefault(result.mend, []).append(result.check)
    return mends


def exit_code(results: Sequence[CheckResult]) -> int:
    """0 when all checks hold, else 2: what was not checked may fail."""
    return 0 if all(result.status == Status.HOLDS for result in results) else BAD_INPUT
