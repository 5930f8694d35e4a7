"""The plan of a run: steps, machines, hours and cost, before anything is started or spent."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from adclick.config import RunConfig
from adclick.errors import AdclickError
from adclick.planning.estimate import step_seconds
from adclick.planning.growth import GENERATE, GROWTH, Growth
from adclick.planning.prices import Prices, load_prices
from adclick.planning.ranges import Range
from adclick.planning.rates import Rates, load_rates
from adclick.planning.size import Size, data_size, sample_size
from adclick.planning.workload import Workload
from adclick.resources import StepResources
from adclick.schema import Schema

MEASURED = Path("benchmarks/results/run.json")
PRICES = Path("configs/prices")
HERE = "this machine"


@dataclass(frozen=True)
class PlannedStep:
    """One step: where it works, how long, and what that costs.

    `waiting` is the part of `seconds` until its machine works.
    `cost` is None where the stack's machines cost nothing or where `no_price` names what has none.
    """

    pipeline: str
    step: str
    machine: str
    grows_with: str
    seconds: Range
    waiting: Range
    cost: Range | None
    no_price: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Plan:
    """All of a run without cache; steps are taken to run one after the other.

    `fees` is what the pipelines' runs cost beside their machines. `currency` and `priced` (the
    price table's file and the date of its oldest price) are None where the stack has no prices.
    """

    stack: str
    region: str | None
    data: str
    size: Size
    steps: tuple[PlannedStep, ...]
    rest: float
    fees: float
    currency: str | None
    priced: tuple[str, date] | None
    measured: tuple[str, str]

    @property
    def seconds(self) -> Range:
        """The run's time."""
        return Range.total(step.seconds for step in self.steps) + Range.exactly(self.rest)

    @property
    def waiting(self) -> Range:
        """The part of the time until machines work."""
        return Range.total(step.waiting for step in self.steps)

    @property
    def cost(self) -> Range | None:
        """The run's cost, without what has no price; None where the stack has no prices."""
        if self.currency is None:
            return None
        return Range.total(s.cost for s in self.steps if s.cost) + Range.exactly(self.fees)

    @property
    def complete(self) -> bool:
        """Whether everything in the plan has a price."""
        return not any(step.no_price for step in self.steps)


def plan_run(
    repository: Path,
    stack: str,
    region: str | None,
    pipelines: Sequence[str],
    config: RunConfig,
    schema: Schema,
    data: str | None,
) -> Plan:
    """The plan of these pipelines on the stack, from what the repository has measured and priced.

    Takes seconds: of `data` only the listing and about a megabyte are read; None stands for the
    sample data. Raises AdclickError when there is no data, or no usable measurement or price file,
    and for a pipeline that no run of the benchmark has.
    """
    unknown = set(pipelines) - {step.pipeline for step in GROWTH}
    if unknown:
        raise AdclickError(
            f"there is no plan of {', '.join(sorted(unknown))}: docs/scoring.md says what scoring "
            "a million rows takes"
        )
    prices_file = repository / PRICES / f"{stack}.yaml"
    return make_plan(
        stack=stack,
        region=region,
        data=data or "sample data",
        size=data_size(data, schema, config.months) if data else sample_size(config.sample_data),
        steps=_steps(pipelines, sampled=data is None),
        config=config,
        rates=load_rates(repository / MEASURED),
        prices=load_prices(prices_file) if prices_file.exists() else None,
        here=os.cpu_count() or 1,
    )


def make_plan(
    stack: str,
    region: str | None,
    data: str,
    size: Size,
    steps: Sequence[Growth],
    config: RunConfig,
    rates: Rates,
    prices: Prices | None,
    here: int,
) -> Plan:
    """The plan of these steps, where `here` is the number of this machine's cores."""
    work = Workload.of(size, config, rates.share_of_epochs)
    planner = _Planner(region or "(not named)", config, rates, prices, work, here)
    runs = len({step.pipeline for step in steps} - {GENERATE.pipeline})
    return Plan(
        stack=stack,
        region=region,
        data=data,
        size=size,
        steps=tuple(planner.step(step) for step in steps),
        rest=rates.rest,
        fees=prices.pipeline_run.price * runs if prices else 0.0,
        currency=prices.currency if prices else None,
        priced=(str(PRICES / f"{stack}.yaml"), prices.oldest) if prices else None,
        measured=(str(MEASURED), rates.date),
    )


def _steps(pipelines: Sequence[str], sampled: bool) -> tuple[Growth, ...]:
    made = (GENERATE,) if sampled and "training" in pipelines else ()
    return (*made, *(step for step in GROWTH if step.pipeline in pipelines))


@dataclass(frozen=True)
class _Planner:
    region: str
    config: RunConfig
    rates: Rates
    prices: Prices | None
    work: Workload
    here: int

    def step(self, growth: Growth) -> PlannedStep:
        resources = self.config.resources.of(growth.step)
        if growth == GENERATE or not (resources.machine or resources.cpus):
            return self._step_here(growth)
        cores = resources.cpus
        if self.prices and resources.machine:
            cores = self.prices.cpus(self.region, resources.machine)
        worked = step_seconds(growth, self.rates, self.work, resources, cores)
        waiting = self._start_up()
        seconds = waiting + worked.range
        cost, no_price = self._cost(resources, seconds)
        notes = [
            f"not measured on {what}: CPU rate taken as upper bound" for what in worked.not_measured
        ]
        if seconds.high > resources.hours * 3600:
            notes.append(f"may pass its limit of {resources.hours:g} hours")
        return PlannedStep(
            pipeline=growth.pipeline,
            step=growth.step,
            machine=_named(resources),
            grows_with=_quantities(growth),
            seconds=seconds,
            waiting=waiting,
            cost=cost,
            no_price=no_price,
            notes=tuple(notes),
        )

    def _step_here(self, growth: Growth) -> PlannedStep:
        worked = step_seconds(growth, self.rates, self.work, StepResources(), float(self.here))
        return PlannedStep(
            pipeline=growth.pipeline,
            step=growth.step,
            machine=HERE,
            grows_with=_quantities(growth),
            seconds=worked.range,
            waiting=Range.exactly(0.0),
            cost=None,
            no_price=(),
            notes=(),
        )

    def _cost(
        self, resources: StepResources, seconds: Range
    ) -> tuple[Range | None, tuple[str, ...]]:
        """What these seconds cost, or None and the names of what has no price."""
        if self.prices is None:
            return None, ()
        hourly = self.prices.hourly(self.region, resources)
        if isinstance(hourly, tuple):
            return None, hourly
        return seconds.times(hourly / 3600), ()

    def _start_up(self) -> Range:
        if self.prices is None:
            return Range.exactly(0.0)
        minutes = self.prices.start_up_minutes
        return Range(minutes.low, minutes.typical, minutes.high).times(60)


def _quantities(growth: Growth) -> str:
    return " and ".join(quantity.value for quantity in growth.grows_with)


def _named(resources: StepResources) -> str:
    one = resources.machine or f"{resources.cpus:g} CPUs"
    gpus = f" + {resources.gpus} {resources.gpu}" if resources.gpu else ""
    many = f"{resources.workers} x " if resources.workers > 1 else ""
    return f"{many}{one}{gpus}{', spot' * resources.spot}"
