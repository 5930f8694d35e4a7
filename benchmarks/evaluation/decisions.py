"""How often a policy decides right on pairs of models whose true difference is known."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial

from adclick.evaluation.decision import decide
from adclick.evaluation.evaluation import compare
from adclick.evaluation.options import EvaluationOptions, SliceOptions
from adclick.evaluation.policy import Policy
from benchmarks.evaluation.pairs import Pair
from benchmarks.figures import Figure, Spread, Target

# what a server does is no part of it, and where a model is worst decides nothing
POLICY = Policy(serving=None)
OPTIONS = EvaluationOptions(resamples=200, slices=SliceOptions(worst=0))
EQUAL = Pair(challenger=0.2, champion=0.2, impressions=100_000)
AGREE_LESS = Pair(challenger=0.4, champion=0.4, impressions=100_000)
LEAD = 0.01
LARGE = 500_000


@dataclass(frozen=True)
class Question:
    """Pairs of one kind, and how often one of them may, or should, be promoted in percent."""

    name: str
    pair: Pair
    target: Target | None


def questions() -> list[Question]:
    """What is asked of a policy; the pairs lead by what they say to within a thousandth."""
    better = EQUAL.leading_by(LEAD)
    harder = AGREE_LESS.leading_by(LEAD)
    return [
        Question("equal models promoted", EQUAL, Target("<", 5)),
        Question("equal models that agree less promoted", AGREE_LESS, Target("<", 5)),
        Question("models worse by .01 AUC promoted", EQUAL.leading_by(-LEAD), Target("<", 1)),
        Question("models better by .01 AUC promoted", _large(better), Target(">", 90)),
        Question("models better by .01 AUC that agree less promoted", _large(harder), None),
    ]


def _large(pair: Pair) -> Pair:
    return Pair(pair.challenger, pair.champion, LARGE, pair.creatives)


def promoted(pair: Pair, seed: int) -> bool:
    """Whether the policy promotes the challenger of one pair, on test rows drawn with this seed."""
    evaluation = compare(pair.rows(seed), OPTIONS, "drawn rows", champion_version="champion")
    return decide(evaluation, POLICY).promote


def share_promoted(pair: Pair, pairs: int) -> float:
    """The share of so many pairs whose challenger is promoted, on all cores."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(os.cpu_count(), context, one_thread) as pool:
        return sum(pool.map(partial(promoted, pair), range(pairs))) / pairs


def one_thread() -> None:
    """Let a process of a pool use one core: the pool uses them all."""
    from threadpoolctl import threadpool_limits

    threadpool_limits(1)


def decision_figures(pairs: int, say: Callable[[str], None]) -> list[Figure]:
    """Shares of challengers that are promoted, in percent."""
    figures = []
    for question in questions():
        say(question.name)
        share = share_promoted(question.pair, pairs)
        spread = Spread(*(100 * end for end in _wilson(share, pairs)), "95 % interval")
        figures.append(
            Figure(
                question.name,
                100 * share,
                "%",
                question.target,
                spread,
                f"{pairs} pairs of {question.pair.impressions:,} rows",
            )
        )
    return figures


def _wilson(share: float, count: int) -> Sequence[float]:
    """The interval of a share (Wilson, 1927)."""
    z = 1.96
    middle = (share + z**2 / (2 * count)) / (1 + z**2 / count)
    reach = z / (1 + z**2 / count) * (share * (1 - share) / count + z**2 / (4 * count**2)) ** 0.5
    return middle - reach, middle + reach
