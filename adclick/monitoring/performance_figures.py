"""How much worse the model's scores are than when it was evaluated: overall, and by slice."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from adclick.evaluation.estimate import Estimate, holm
from adclick.monitoring.ad_clicks import log_calibration
from adclick.monitoring.cells import number_cells
from adclick.monitoring.chance import has_moved, has_risen, is_no_chance
from adclick.monitoring.checks import DriftChecks
from adclick.monitoring.distance import distance
from adclick.monitoring.figure import Figure
from adclick.monitoring.names import CLICKED, SCORE
from adclick.monitoring.performance import CONFIDENCE, Performance, SlicePerformance
from adclick.monitoring.verdict import Check


def performance_figures(
    reference: Performance, current: Performance, checks: DriftChecks
) -> Iterator[Figure]:
    """The figures on scores, on AUC, logloss and calibration, and on those of slices."""
    yield _score(reference, current, checks)
    old, new = reference.metrics, current.metrics
    drop = _minus(old["auc"], new["auc"])
    reason = f"AUC {_shown(old['auc'])} -> {_shown(new['auc'])}"
    yield Figure("auc", None, drop.value, checks.auc_drop, reason, has_risen(drop))
    yield _logloss(reference, current, checks)
    yield _calibration(reference, current, checks)
    yield from _slices(reference, current, checks)


def _score(reference: Performance, current: Performance, checks: DriftChecks) -> Figure:
    draws = reference.score_draws, current.score_draws
    found = distance(number_cells(reference.score, current.score, draws), "wasserstein")
    means = f"mean {reference.score.mean:.4g} -> {current.score.mean:.4g}"
    reason = f"moved {found.value:.2f} sd; {means}"
    return Figure("score", SCORE, found.value, checks.score, reason, found.surely)


def _logloss(reference: Performance, current: Performance, checks: DriftChecks) -> Figure:
    """As a share of the logloss of a constant: with more clicks any logloss is higher."""
    old, new = (one.metrics["normalised_entropy"] for one in (reference, current))
    rise = _minus(new, old)
    losses = [one.metrics["logloss"] for one in (reference, current)]
    reason = (
        f"logloss {_shown(losses[0])} -> {_shown(losses[1])}, of a constant's "
        f"{old.value:.1%} -> {new.value:.1%}"
    )
    return Figure("logloss", None, rise.value, checks.logloss_rise, reason, has_risen(rise))


def _calibration(reference: Performance, current: Performance, checks: DriftChecks) -> Figure:
    """Of ads by how they were clicked among the test rows, where there are ads."""
    calibration = current.metrics["calibration"]
    reason = f"predicted over observed clicks {_shown(calibration)}"
    if calibration.value <= 0:
        return Figure("calibration", CLICKED, math.inf, checks.calibration, reason)
    if reference.ads is None or current.ads is None:
        moved = _logarithm(calibration)
    else:
        moved = log_calibration(reference.ads, current.ads)
        reason += f", {math.exp(moved.value):.3f} by what was known of the ads"
    value = math.expm1(abs(moved.value))
    return Figure("calibration", CLICKED, value, checks.calibration, reason, has_moved(moved))


def _logarithm(ratio: Estimate) -> Estimate:
    error = ratio.error / ratio.value
    return Estimate.of(math.log(ratio.value), error, ratio.freedom, CONFIDENCE)


def _slices(reference: Performance, current: Performance, checks: DriftChecks) -> Iterator[Figure]:
    """Slices that are served worse than before, beside what all rows are."""
    before = {(one.column, one.value): one for one in reference.slices}
    pairs = [(one, before.get((one.column, one.value))) for one in current.slices]
    creeps = [_creep(one, old, current, reference) for one, old in pairs]
    yield from _slice_figures(
        "calibration", pairs, creeps, checks.slices.calibration, both_ways=True
    )
    known = [(new, old) for new, old in pairs if old is not None]
    drops = [_minus(old.auc, new.auc) for new, old in known]
    yield from _slice_figures("auc", known, drops, checks.slices.auc_drop, both_ways=False)


def _creep(
    one: SlicePerformance,
    old: SlicePerformance | None,
    current: Performance,
    reference: Performance,
) -> Estimate:
    """How much farther the slice's calibration lies from that of all rows than it did."""
    apart = one.log_calibration.value - math.log(current.metrics["calibration"].value)
    if old is None:
        return one.log_calibration.model_copy(update={"value": apart})
    apart -= old.log_calibration.value - math.log(reference.metrics["calibration"].value)
    return _minus(one.log_calibration, old.log_calibration).model_copy(update={"value": apart})


def _slice_figures(
    check: Check,
    pairs: Sequence[tuple[SlicePerformance, SlicePerformance | None]],
    changes: Sequence[Estimate],
    bound: float,
    *,
    both_ways: bool,
) -> Iterator[Figure]:
    chances = [
        min(one.chance_above(0), one.chance_below(0)) if both_ways else one.chance_above(0)
        for one in changes
    ]
    for (new, old), change, chance in zip(pairs, changes, holm(chances), strict=True):
        if not math.isfinite(change.value):
            continue
        value = math.expm1(abs(change.value)) if both_ways else change.value
        yield Figure(
            check,
            new.column,
            value,
            bound,
            _slice_reason(check, new, old),
            is_no_chance(chance),
            slice=f"{new.column} = {new.value}",
            severity="watch",
        )


def _slice_reason(check: Check, new: SlicePerformance, old: SlicePerformance | None) -> str:
    if check == "auc":
        before = f"{old.auc.value:.3f} -> " if old else ""
        return f"AUC {before}{_shown(new.auc)} of {new.impressions:,} impressions"
    before = f"{math.exp(old.log_calibration.value):.2f} -> " if old else ""
    now = f"{math.exp(new.log_calibration.value):.2f}"
    return f"predicted over observed clicks {before}{now} of {new.impressions:,} impressions"


def _minus(one: Estimate, other: Estimate) -> Estimate:
    error = math.hypot(one.error, other.error)
    freedom = min(one.freedom, other.freedom)
    return Estimate.of(one.value - other.value, error, freedom, CONFIDENCE)


def _shown(estimate: Estimate) -> str:
    return f"{estimate.value:.3f} [{estimate.low:.3f}, {estimate.high:.3f}]"
