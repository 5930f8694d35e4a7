"""From measured rates to another size, another machine and money: pure arithmetic on ranges.

One measurement cannot tell a function's fixed part from the part that grows. What is known to be
fixed is what a step takes beside its function: imports and ZenML's records. Of the function's own
time between none and FIXED_AT_MOST is taken to be fixed.
"""

from __future__ import annotations

from dataclasses import dataclass

from adclick.planning.growth import Growth
from adclick.planning.ranges import Range
from adclick.planning.rates import Pace, Rates
from adclick.planning.workload import Workload
from adclick.resources import StepResources

# An assumption, until bench-run measures two sizes: beside 35,000 rows, half of what `train` takes
# for 140,000 did not grow, and less of other steps.
FIXED_AT_MOST = 0.6


@dataclass(frozen=True)
class Seconds:
    """A step's time, and what of its machine's speed was not measured."""

    range: Range
    not_measured: tuple[str, ...] = ()


def step_seconds(
    growth: Growth, rates: Rates, work: Workload, resources: StepResources, cores: float | None
) -> Seconds:
    """How long a step works on machines with so many cores (None: not known), once they run.

    What was not measured is no faster at the high end: accelerators and workers leave the rate of
    one machine's processors as upper bound.
    """
    pace = rates.paces[f"{growth.pipeline}/{growth.step}"]
    function = _function(pace, _ratio(growth, rates.work, work))
    if growth.cores and cores is not None:
        function = _on_cores(function, rates, cores)
    unknown = []
    if growth.trains and resources.workers > 1:
        function = Range(function.low / resources.workers, function.typical, function.high)
        unknown.append(f"{resources.workers} workers")
    if growth.trains and resources.gpu:
        # how much faster it is nobody has measured: at best its work takes no time
        function = Range(0.0, function.typical, function.high)
        unknown.append(resources.gpu)
    return Seconds(_at_pace(pace, function), tuple(unknown))


def _ratio(growth: Growth, measured: Workload, planned: Workload) -> Range:
    """How many times the measured work the planned is, by the quantity of which it is least, most.

    Of several quantities one that the run has nothing of, such as creatives, says nothing.
    """
    ratios = [
        planned.amount(quantity).times(1 / measured.amount(quantity).typical)
        for quantity in growth.grows_with
        if measured.amount(quantity).typical
    ]
    ratios = [ratio for ratio in ratios if ratio.high] or ratios or [Range.exactly(1.0)]
    return Range(
        min(ratio.low for ratio in ratios),
        sum(ratio.typical for ratio in ratios) / len(ratios),
        max(ratio.high for ratio in ratios),
    )


def _function(pace: Pace, ratio: Range) -> Range:
    """Seconds of the function alone: between all of it growing and FIXED_AT_MOST of it fixed."""

    def grown(times: float, fixed: float) -> float:
        return pace.alone * (fixed + (1 - fixed) * times)

    return Range(
        min(grown(ratio.low, 0.0), grown(ratio.low, FIXED_AT_MOST)),
        (grown(ratio.typical, 0.0) + grown(ratio.typical, FIXED_AT_MOST)) / 2,
        max(grown(ratio.high, 0.0), grown(ratio.high, FIXED_AT_MOST)),
    )


def _on_cores(function: Range, rates: Rates, cores: float) -> Range:
    """Between no effect of other cores and Amdahl's law with the measured parallel share."""

    def time(count: float) -> float:
        return 1 - rates.parallel + rates.parallel / count

    effect = time(cores) / time(rates.cores)
    return Range(
        function.low * min(1.0, effect),
        function.typical * (1.0 + effect) / 2,
        function.high * max(1.0, effect),
    )


def _at_pace(pace: Pace, function: Range) -> Range:
    """With what is fixed beside the function, at the pace of the fastest and slowest rounds."""
    fixed = pace.seconds.typical - pace.alone
    total = function + Range.exactly(fixed)
    typical = pace.seconds.typical
    return Range(
        total.low * pace.seconds.low / typical,
        total.typical,
        total.high * pace.seconds.high / typical,
    )
