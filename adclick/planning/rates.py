"""How fast steps were when they were measured: what `make bench-run` found."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from adclick.errors import AdclickError
from adclick.planning.growth import GENERATE, GROWTH
from adclick.planning.ranges import Range
from adclick.planning.size import Size
from adclick.planning.workload import Workload
from adclick.schema import describe

RUN = "first sample run"
WITHOUT_ZENML = "same functions without ZenML"
PROCESSOR = ", processor time"
ALONE = ", the function alone"


@dataclass(frozen=True)
class Pace:
    """Seconds that a step took, and how many of them its function alone: the rest is overhead."""

    seconds: Range
    alone: float


@dataclass(frozen=True)
class Rates:
    """What was measured, of which work and on how many cores.

    `paces` are by "pipeline/step", `rest` the seconds of a run outside of its steps. `parallel` is
    the share of the work of steps with several cores that these did side by side (Amdahl's
    parallel fraction), or a little less: time spent waiting hides some. `share_of_epochs` is how
    many of the epochs that it might have taken training took before it stopped early.
    """

    paces: dict[str, Pace]
    rest: float
    parallel: float
    cores: int
    work: Workload
    share_of_epochs: float
    date: str


class _Spread(BaseModel):
    model_config = ConfigDict(frozen=True)

    low: float
    high: float


class _Figure(BaseModel):
    model_config = ConfigDict(frozen=True)

    name: str
    value: float
    spread: _Spread | None


class _Machine(BaseModel):
    model_config = ConfigDict(frozen=True)

    cores: int


class _Results(BaseModel):
    model_config = ConfigDict(frozen=True)

    figures: tuple[_Figure, ...]
    machine: _Machine
    date: str


def load_rates(path: Path) -> Rates:
    """The rates in a benchmark's result file.

    Raises AdclickError with the figure that is not there, or with why the file cannot be read.
    """
    try:
        results = _Results.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, json.JSONDecodeError) as error:
        raise AdclickError(f"{path}: {error}; measure it anew with `make bench-run`") from error
    except ValidationError as error:
        raise AdclickError(f"{path}: {describe(error)}") from error
    return _Reader(path, {figure.name: figure for figure in results.figures}).rates(results)


@dataclass(frozen=True)
class _Reader:
    path: Path
    figures: dict[str, _Figure]

    def rates(self, results: _Results) -> Rates:
        steps = [f"{growth.pipeline}/{growth.step}" for growth in (GENERATE, *GROWTH)]
        paces = {step: self._pace(step) for step in steps}
        in_steps = sum(pace.seconds.typical for pace in paces.values())
        return Rates(
            paces=paces,
            rest=max(0.0, self._value(RUN) - in_steps),
            parallel=self._parallel(paces, results.machine.cores),
            cores=results.machine.cores,
            work=self._work(),
            share_of_epochs=self._value("epochs") / self._value("epochs at most"),
            date=results.date[:10],
        )

    def _value(self, name: str) -> float:
        return self._figure(name).value

    def _figure(self, name: str) -> _Figure:
        if name not in self.figures:
            raise AdclickError(
                f"{self.path} has no figure {name!r}: measure it with `make bench-run`"
            )
        return self.figures[name]

    def _pace(self, step: str) -> Pace:
        figure = self._figure(step)
        low, high = (
            (figure.spread.low, figure.spread.high) if figure.spread else (figure.value,) * 2
        )
        # what ZenML alone does, such as registering, has no function of ours
        alone = self.figures.get(step + ALONE)
        return Pace(
            Range(low, figure.value, high), min(figure.value, alone.value) if alone else 0.0
        )

    def _parallel(self, paces: dict[str, Pace], cores: int) -> float:
        """Amdahl's law, solved for the parallel fraction.

        Processor time beyond the clock's is work that was done side by side, all of it in the
        steps that use several cores.
        """
        if cores == 1:
            return 0.0
        beside = max(0.0, self._value(WITHOUT_ZENML + PROCESSOR) - self._value(WITHOUT_ZENML))
        busy = sum(paces[f"{g.pipeline}/{g.step}"].alone for g in GROWTH if g.cores)
        if not busy:
            return 0.0
        return min(1.0, beside / (busy + beside) / (1 - 1 / cores))

    def _work(self) -> Workload:
        months = round(self._value("months"))
        rows = self._value("impressions") / months
        return Workload(
            size=Size(
                months={f"{month:04}": rows for month in range(months)},
                creatives=self._value("creatives"),
                about=False,
            ),
            calibration_share=self._value("calibration share"),
            epochs=Range.exactly(self._value("epochs")),
            requests=round(self._value("requests")),
            compared_rows=round(self._value("rows compared")),
        )
