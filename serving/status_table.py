"""What serves, as a person reads it: a line a version, with what it answers now and so far."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

from adclick.observation import Observation, added
from serving.deployment import Served, Status

NOTHING = "nothing serves"
SECONDS = 1.0
UNKNOWN = "-"
HEADS = (
    *("version", "role", "traffic", "ready", "up", "memory", "requests", "per s"),
    *("refused", "failed", "p50", "p99", "mean score"),
)
TEXT_COLUMNS = 2


def status_now(look: Callable[[], Status], seconds: float = SECONDS) -> str:
    """What serves, with the rate of the `seconds` between two looks at it."""
    before, begun = look(), time.monotonic()
    if not before.versions:
        return NOTHING
    time.sleep(seconds)
    after = look()
    return status_table(after, rates(before, after, time.monotonic() - begun))


def rates(before: Status, after: Status, seconds: float) -> Mapping[str, float]:
    """Requests a second by version, where it was there at both looks and said what it answered."""
    known = {served.version: served.answered for served in before.versions}
    found = {}
    for served in after.versions:
        earlier = known.get(served.version)
        if earlier is not None and served.answered is not None:
            found[served.version] = added(earlier, served.answered).requests / seconds
    return found


def status_table(status: Status, per_second: Mapping[str, float]) -> str:
    """The address, a line for each version, the champion first, and what else is to be known."""
    if not status.versions:
        return NOTHING
    rows = [HEADS, *(_row(served, per_second.get(served.version)) for served in status.versions)]
    logs = [
        f"log of {served.version}: {served.log} (pid {served.pid})"
        for served in status.versions
        if served.log is not None
    ]
    return "\n".join(
        [
            f"serving at {status.url}" if status.url else "nothing answers",
            *_aligned(rows),
            *logs,
            *([f"rollback brings back {status.former}"] if status.former else []),
            *([f"warning: {status.warning}"] if status.warning else []),
        ]
    )


def _row(served: Served, rate: float | None) -> tuple[str, ...]:
    return (
        served.version,
        served.role,
        f"{served.traffic} %",
        "yes" if served.healthy else "no",
        UNKNOWN if served.uptime is None else f"{served.uptime:,.0f} s",
        UNKNOWN if served.memory is None else f"{served.memory / 1e6:,.0f} MB",
        *_answered(served.observed, rate),
    )


def _answered(observed: Observation | None, rate: float | None) -> tuple[str, ...]:
    if observed is None:
        return (UNKNOWN,) * 7
    asked = observed.requests > 0
    return (
        f"{observed.requests:,}",
        UNKNOWN if rate is None else f"{rate:,.1f}",
        f"{observed.refused:,}",
        f"{observed.failed:,}",
        *(_milliseconds(observed, share) if asked else UNKNOWN for share in (0.5, 0.99)),
        f"{observed.scores.mean:.4f}" if observed.scores.count else UNKNOWN,
    )


def _milliseconds(observed: Observation, share: float) -> str:
    """The quantile's bucket: the metrics know no more."""
    return f"<= {observed.latency.quantile(share) * 1e3:g} ms"


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  "
        + "  ".join(
            cell.ljust(width) if number < TEXT_COLUMNS else cell.rjust(width)
            for number, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
