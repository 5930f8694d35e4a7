"""How fast evaluation is: slices beside a loop over them, many rows, many resamples."""

from __future__ import annotations

import math
from collections.abc import Sequence

from benchmarks.figures import Figure, Target
from benchmarks.ingest.workers import Worked, work

WORK = "benchmarks.evaluation.work"
OURS, LOOP = "ours", "loop"
LARGE, QUARTER, WHOLE = "large", "quarter", "whole"
TIMES_THE_DATA = 4
SAME = 1e-9

Round = dict[str, Worked]


def measure_slices(rows: int) -> Round:
    """One round: both contenders once, in a process of its own."""
    found = {OURS: work(f"{WORK}.slices", str(rows)), LOOP: work(f"{WORK}.loop", str(rows))}
    check_slices(found)
    return found


def check_slices(found: Round) -> None:
    """Raise RuntimeError where the contenders' figures are not the same."""
    ours, theirs = found[OURS].told["slices"], found[LOOP].told["slices"]
    if set(ours) != set(theirs):
        raise RuntimeError(f"{len(ours)} slices are ours, {len(theirs)} the loop's")
    for name, models in theirs.items():
        for model, expected in models.items():
            for metric, value in expected.items():
                if not math.isclose(ours[name][model][metric], value, rel_tol=SAME, abs_tol=SAME):
                    raise RuntimeError(f"{name}, {model}, {metric}: {ours[name][model][metric]}")


def slice_times(rounds: Sequence[Round], rows: int) -> list[Figure]:
    """The ratio within a round, and what both took."""
    slices = len(rounds[0][OURS].told["slices"])
    size = f"{rows / 1e6:.3g} M rows, {slices} slices, 2 models"
    return [
        Figure.of(
            "slices: times as fast as the loop",
            [one[LOOP].wall / one[OURS].wall for one in rounds],
            "x",
            Target(">", 10),
            "pandas and scikit-learn slice by slice, the same figures to 1e-9",
        ),
        Figure.of(
            "slices", [one[OURS].wall for one in rounds], "s", None, f"{size}, errors of leads too"
        ),
        Figure.of("slices, the loop", [one[LOOP].wall for one in rounds], "s", None, size),
    ]


def measure_stream(rows: int) -> Round:
    """One round: all metrics of a model over many rows, and over a quarter of them."""
    return {
        LARGE: work(f"{WORK}.stream", str(rows)),
        QUARTER: work(f"{WORK}.stream", str(rows // TIMES_THE_DATA)),
        WHOLE: work(f"{WORK}.whole", str(rows)),
    }


def stream_times(rounds: Sequence[Round], rows: int) -> list[Figure]:
    """Time and memory of many rows."""
    name = f"{rows / 1e6:.3g} M rows"
    quarter = rounds[0][QUARTER].memory / 1e6
    return [
        Figure.of(
            f"{name}: all metrics of a model",
            [one[LARGE].wall for one in rounds],
            "s",
            Target("<", 60),
            "exact, from rows on disk",
        ),
        Figure.of(
            f"{name}: memory for {TIMES_THE_DATA} times the data",
            [one[LARGE].memory / one[QUARTER].memory for one in rounds],
            "x",
            Target("<", 1.15),
            f"a quarter: {quarter:.0f} MB",
        ),
        Figure.of(
            f"{name}: evaluation of two models",
            [one[WHOLE].wall for one in rounds],
            "s",
            None,
            f"1,000 resamples, {rounds[0][WHOLE].told['slices']} slices, the search for the worst",
        ),
        Figure.of(f"{name}: evaluation, memory", [one[WHOLE].memory / 1e6 for one in rounds], "MB"),
    ]


def measure_resamples(rows: int, times: int) -> Round:
    """One round: intervals of two models and of their difference."""
    return {OURS: work(f"{WORK}.resamples", str(rows), str(times))}


def resample_times(rounds: Sequence[Round], rows: int, times: int) -> list[Figure]:
    """How long resampling takes, with all that comes before."""
    return [
        Figure.of(
            f"{times:,} resamples of {rows / 1e6:.3g} M rows",
            [one[OURS].wall for one in rounds],
            "s",
            Target("<", 30),
            "ten metrics of two models and their difference",
        )
    ]
