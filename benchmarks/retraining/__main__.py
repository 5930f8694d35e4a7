"""A champion that is never trained again, beside one that is when its verdict asks for it.

The sample's tastes turn by .15 radians a month. A model of the first four months serves the eight
that follow, under each policy; its AUC in a month is the expected one, of the true probabilities.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from rich.console import Console

from adclick.config import RunConfig, load_config
from adclick.retraining.options import RetrainingOptions
from adclick.sample_data.options import SampleOptions
from benchmarks.figures import Figure, Target
from benchmarks.parts import Chosen, Parts, command_line, measure_parts
from benchmarks.processes import REPOSITORY, Place
from benchmarks.retraining.study import Ask, Served, by_verdict, serve
from benchmarks.retraining.training import first_version
from benchmarks.retraining.world import make_world

NAME = "retraining"
CONFIG = REPOSITORY / "configs" / "local.yaml"
LEARNED, SERVED = 4, 8  # months
DRIFT = 0.15
SMALL = 5  # `--small` is so many times less
NEVER, BY_VERDICT = "never retrained", "retrained by verdict"
FEWER = 3  # months of a training, where tastes turn fast
ON_FEWER = f"{BY_VERDICT}, on {FEWER} months"


@dataclass(frozen=True)
class Policy:
    """What asks for a training, if anything does, and on how many months that is at most."""

    ask: Ask | None = None
    most_months: int = RetrainingOptions().most_months


POLICIES = {
    NEVER: Policy(),
    BY_VERDICT: Policy(by_verdict),
    ON_FEWER: Policy(by_verdict, FEWER),
}


def study(place: Place, impressions: int, config: RunConfig) -> list[Figure]:
    """The figures of all policies in one world."""
    console = Console(stderr=True, style="dim", highlight=False)
    options = SampleOptions(
        months=LEARNED + SERVED,
        impressions=impressions * (LEARNED + SERVED),
        creatives_per_month=100,
        drift=DRIFT,
    )
    world = make_world(options, place.folder)
    first = world.months[LEARNED]
    log = world.between(world.months[0], world.months[LEARNED - 1])
    champion = first_version(log, config, place.folder / "first")
    ceilings = {month: world.ceiling(month) for month in world.months[LEARNED:]}
    found: dict[str, list[Served]] = {}
    for name, policy in POLICIES.items():
        retraining = RetrainingOptions(most_months=policy.most_months)
        chosen = config.model_copy(update={"retraining": retraining})
        folder = place.folder / name.replace(" ", "-")
        found[name] = []
        for served in serve(world, champion, first, policy.ask, chosen, folder):
            said = f"{name}, {served.month}: AUC {served.auc:.4f} {served.what}"
            console.print(said, soft_wrap=True)
            found[name].append(served)
    return [*_means(found), *_months(found, ceilings)]


def _means(found: dict[str, list[Served]]) -> list[Figure]:
    mean = {name: float(np.mean([one.auc for one in months])) for name, months in found.items()}
    never = mean[NEVER]
    figures = [
        Figure(
            f"{name}: mean expected AUC of {SERVED} months",
            auc,
            "AUC",
            Target(">", never) if name == BY_VERDICT else None,
            compared_with=None if name == NEVER else f"{NEVER}: {never:.4f}",
        )
        for name, auc in mean.items()
    ]
    for name, months in found.items():
        promoted = sum(one.promoted for one in months)
        trained = float(sum(one.trained for one in months))
        figures.append(
            Figure(f"{name}: trainings", trained, "", compared_with=f"{promoted} promoted")
        )
    return figures


def _months(found: dict[str, list[Served]], ceilings: dict[str, float]) -> list[Figure]:
    served = [
        Figure(f"{policy}: {one.month}", one.auc, "AUC", compared_with=one.what or None)
        for policy, months in found.items()
        for one in months
    ]
    return served + [
        Figure(f"true probabilities: {month}", auc, "AUC") for month, auc in ceilings.items()
    ]


def main() -> None:
    """Play through, print the figures and keep them as results/retraining.json."""
    parser = command_line(NAME, __doc__)
    parser.add_argument("--impressions", type=int, default=20_000, help="a month (20000)")
    options = parser.parse_args()
    impressions = options.impressions // (SMALL if options.small else 1)
    config = load_config(CONFIG)

    def parts(place: Place) -> Parts:
        measure: Callable[[], list[Figure]] = lambda: study(place, impressions, config)  # noqa: E731
        return {"study": measure}

    measure_parts(NAME, parts, Chosen.of(options))


if __name__ == "__main__":
    main()
