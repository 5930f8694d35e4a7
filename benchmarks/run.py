"""What a sample run costs, and how much of that is not our own functions.

Takes two minutes a round on two cores. Other programs' work is measured with it: where the machine
is shared, read the processor time beside the clock's.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from rich.console import Console

from adclick.config import RunConfig, load_config
from adclick.summary import RunSummary, StepTime
from benchmarks.direct import CONFIG, SERVED
from benchmarks.figures import Figure, Target
from benchmarks.functions import seconds_by_step
from benchmarks.machine import this_machine
from benchmarks.processes import Cost, Place, cleaning_up_when_terminated, new_place
from benchmarks.report import report
from materializers.models import TRAINING

NAME = "run"
HELP_CALLS = 5
ROUNDS = 3
PROCESSOR = ", processor time"
TIMED = ("-m", "benchmarks.functions")


@dataclass(frozen=True)
class Work:
    """What a process cost that did a sample run's work, and our functions' seconds in it by step.

    The rest is what called them: the interpreter, imports, and ZenML where it is there.
    """

    cost: Cost
    version: str | None
    seconds: dict[str, float]

    @property
    def functions(self) -> float:
        """Seconds in our own functions."""
        return sum(self.seconds.values())

    @property
    def rest(self) -> float:
        """Seconds in all else."""
        return self.cost.wall - self.functions


@dataclass(frozen=True)
class Round:
    """One measurement of each kind, taken one after the other so that they compare.

    `first` is the work of a run in a new place and `summary` what it says of itself, `direct` the
    same work without ZenML, `again` the next run there, `status` a command that does no more than
    start ZenML in a new place. `epochs` is how many the first run trained, where it left a model.
    """

    first: Work
    summary: RunSummary
    again: Cost
    status: Cost
    direct: Work
    epochs: int | None = None

    @property
    def overhead(self) -> float:
        """Seconds that the first run takes longer than the same functions called directly.

        The functions' own seconds are the run's on both sides: they are most of it, and what
        other programs on the machine do to them would drown the difference.
        """
        return self.first.rest - self.direct.rest

    def share(self, seconds: float) -> float:
        """These seconds as percentage of the first run."""
        return 100 * seconds / self.first.cost.wall


def main() -> None:
    """Measure, print the figures and keep them as results/run.json."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.run", description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"how often ({ROUNDS})")
    options = parser.parse_args()
    machine = this_machine()
    progress = Console(stderr=True, style="dim", highlight=False)
    rounds = []
    with cleaning_up_when_terminated():
        helps = measure_help()
        for number in range(1, options.rounds + 1):
            progress.print(f"round {number} of {options.rounds}")
            rounds.append(measure_round())
    report(NAME, [*figures(helps, rounds), *work(load_config(CONFIG), rounds)], machine)


def measure_help() -> list[Cost]:
    """What `run.py --help` costs, several times."""
    with new_place() as place:
        return [place.measure("run.py", "--help") for _ in range(HELP_CALLS)]


def measure_round() -> Round:
    """A first run, the same work without ZenML, the next run, and ZenML's start alone.

    Raises RuntimeError when the work without ZenML is not the same.
    """
    with new_place() as place:
        cost = place.measure(*TIMED, "run.py")
        summary, epochs = _summary(place), _epochs(place)
        served = summary.serving.version if summary.serving else None
        first = Work(cost, served, seconds_by_step(place.home))
        with new_place() as other:
            direct = _measure_direct(other)
        again = place.measure("run.py")
    with new_place() as place:
        status = place.measure("run.py", "status")
    if served != direct.version or first.seconds.keys() != direct.seconds.keys():
        raise RuntimeError(
            f"the run serves {served}, the same functions without ZenML {direct.version}: "
            "benchmarks/direct.py does not do what the pipelines do"
        )
    return Round(first, summary, again, status, direct, epochs)


def figures(helps: Sequence[Cost], rounds: Sequence[Round]) -> list[Figure]:
    """What was measured as figures with their targets, what matters most first."""
    first, direct = [r.first.cost for r in rounds], [r.direct.cost for r in rounds]
    typical = median(cost.wall for cost in first)
    return [
        *_cost("run.py --help", helps, Target("<", 1)),
        *_cost("first sample run", first, Target("<", 120)),
        *_cost("cached run", [r.again for r in rounds], Target("<", 20), f"first: {typical:.1f} s"),
        *_cost("same functions without ZenML", direct),
        Figure.of("memory of the first run", [cost.memory / 1e6 for cost in first], "MB"),
        *_overhead(rounds),
        *(_step(rounds, number) for number in range(len(rounds[0].summary.steps))),
        *_alone(rounds),
    ]


def work(config: RunConfig, rounds: Sequence[Round]) -> list[Figure]:
    """How much was computed, for plans of runs of another size (adclick/planning)."""
    sample = config.sample_data
    _, most_epochs = config.training.epochs_over_rows(has_images=True)
    trained = [r.epochs for r in rounds if r.epochs is not None]
    return [
        *([Figure.of("epochs", trained, "epochs")] if trained else []),
        Figure("impressions", sample.impressions, "rows"),
        Figure("months", sample.months, "months"),
        Figure("creatives", sample.months * sample.creatives_per_month, "creatives"),
        Figure("calibration share", config.split.calibration_share, "of training"),
        Figure("epochs at most", most_epochs, "epochs"),
        Figure("requests", config.traffic.requests, "requests"),
        Figure("rows compared", config.monitoring.rows, "rows a side"),
    ]


def _cost(
    name: str,
    costs: Sequence[Cost],
    target: Target | None = None,
    compared_with: str | None = None,
) -> list[Figure]:
    return [
        Figure.of(name, [cost.wall for cost in costs], "s", target, compared_with),
        Figure.of(f"{name}{PROCESSOR}", [cost.cpu for cost in costs], "s"),
    ]


def _overhead(rounds: Sequence[Round]) -> list[Figure]:
    """The first run's parts: what orchestration adds, what is there without it, and the work."""
    start = median(r.status.wall for r in rounds)
    parts = {
        "overhead of orchestration": (
            [r.overhead for r in rounds],
            f"`run.py status`: {start:.1f} s",
            Target("<", 20),
        ),
        "share of interpreter and imports": (
            [r.direct.rest for r in rounds],
            "TensorFlow, Evidently, all but ZenML",
            None,
        ),
        "share of our functions": (
            [r.first.functions for r in rounds],
            f"directly {median(r.direct.functions for r in rounds):.1f} s",
            None,
        ),
    }
    more = [100 * (1 - r.direct.cost.cpu / r.first.cost.cpu) for r in rounds]
    return [
        *(
            Figure.of(
                name,
                [r.share(s) for r, s in zip(rounds, seconds, strict=True)],
                "%",
                target,
                f"{median(seconds):.1f} s; {what}",
            )
            for name, (seconds, what, target) in parts.items()
        ),
        Figure.of(f"overhead of orchestration{PROCESSOR}", more, "%"),
    ]


def _step(rounds: Sequence[Round], number: int) -> Figure:
    """A step's seconds in the first run; steps are in the same order in each."""
    steps = [r.summary.steps[number] for r in rounds]
    return Figure.of(
        f"{steps[0].pipeline}/{steps[0].step}",
        [step.seconds for step in steps],
        "s",
        compared_with=_without_zenml(rounds, steps[0]),
    )


def _alone(rounds: Sequence[Round]) -> list[Figure]:
    """A step's function without ZenML: the part that may grow with the data."""
    return [
        Figure.of(
            f"{step.pipeline}/{step.step}, the function alone",
            [r.direct.seconds[step.step] for r in rounds],
            "s",
        )
        for step in rounds[0].summary.steps
        if step.step in rounds[0].direct.seconds
    ]


def _without_zenml(rounds: Sequence[Round], step: StepTime) -> str | None:
    if step.step not in rounds[0].direct.seconds:
        return None
    return f"directly {median(r.direct.seconds[step.step] for r in rounds):.2f} s"


def _summary(place: Place) -> RunSummary:
    return RunSummary.model_validate_json((place.home / "runs" / "latest.json").read_bytes())


def _epochs(place: Place) -> int | None:
    trained = place.home.glob(f"artifacts/train/click_model/**/{TRAINING}")
    return next((len(json.loads(file.read_bytes())["curve"]) for file in trained), None)


def _measure_direct(place: Place) -> Work:
    cost = place.measure(*TIMED, "benchmarks/direct.py")
    version = (place.home / SERVED).read_text(encoding="utf-8")
    return Work(cost, version, seconds_by_step(place.home))


if __name__ == "__main__":
    main()
