"""From distances and samples to findings: each check with its figure, its bound and a reason."""

from __future__ import annotations

from collections.abc import Mapping
from math import exp, sqrt

import pandas as pd

from adclick.monitoring.checks import PSI, DriftChecks
from adclick.monitoring.frames import CLICKED, SCORE
from adclick.monitoring.samples import Samples
from adclick.monitoring.verdict import Check, Finding

# standard errors that a click rate must have moved by before it counts
CLICK_RATE_ERRORS = 3.0


def row_finding(samples: Samples, checks: DriftChecks) -> Finding:
    """Whether the smaller side has rows enough for a verdict."""
    reference, current = samples.rows
    fewest = min(reference, current)
    ok = fewest >= checks.min_rows
    reason = f"{reference:,} reference and {current:,} current rows"
    if not ok:
        reason += f": too few to judge, {checks.min_rows:,} are needed on each side"
    return Finding("rows", None, fewest, checks.min_rows, ok, reason)


def click_rate_finding(samples: Samples, checks: DriftChecks) -> Finding | None:
    """The relative change of the click rate, up or down; None where rows carry no click.

    It must be past its bound and past three standard errors of the ratio of two rates,
    exp(3 sqrt(1/c - 1/n + 1/r - 1/m)) - 1 for c clicks of n and r of m rows (Katz et al. 1978).
    """
    if CLICKED not in samples.reference or CLICKED not in samples.current:
        return None
    clicks, rates, variance = [], [], 0.0
    for frame in (samples.reference, samples.current):
        # half a click keeps the ratio finite where nothing was clicked
        clicks.append(float(frame[CLICKED].sum()) + 0.5)
        rates.append(clicks[-1] / (len(frame) + 0.5))
        variance += 1 / clicks[-1] - 1 / (len(frame) + 0.5)
    ratio = rates[1] / rates[0]
    value = max(ratio, 1 / ratio) - 1
    bound = max(checks.click_rate_change, exp(CLICK_RATE_ERRORS * sqrt(variance)) - 1)
    reason = f"{rates[0]:.2%} -> {rates[1]:.2%} of impressions clicked ({ratio - 1:+.0%})"
    return Finding("click rate", CLICKED, value, bound, value < bound, reason, "retrain")


def drift_findings(
    samples: Samples,
    distances: Mapping[str, float],
    methods: Mapping[str, str],
    checks: DriftChecks,
) -> tuple[Finding, ...]:
    """A finding for each compared column and for the score, the farthest from its bound first."""
    found = []
    for column, value in distances.items():
        psi = methods[column] == PSI
        bound = checks.psi if psi else checks.wasserstein
        old, new = samples.reference[column], samples.current[column]
        moved = _most_moved(old, new) if psi else _centre(old, new)
        distance = f"PSI {value:.2f}" if psi else f"moved {value:.2f} sd"
        check: Check = "score" if column == SCORE else "drift"
        reason = f"{distance}; {moved}"
        found.append(Finding(check, column, value, bound, value < bound, reason))
    return tuple(sorted(found, key=lambda finding: -finding.value / finding.bound))


def drifted_columns_finding(drifts: tuple[Finding, ...], checks: DriftChecks) -> Finding:
    """The share of compared columns that are past their bound."""
    counted = [finding for finding in drifts if finding.check == "drift"]
    drifted = [finding.column for finding in counted if not finding.ok]
    share, bound = len(drifted) / len(counted), checks.drifted_share
    names = f": {', '.join(map(str, drifted))}" if drifted else ""
    reason = f"{len(drifted)} of {len(counted)} columns drifted{names}"
    return Finding("drifted columns", None, share, bound, share < bound, reason, "retrain")


def missing_findings(
    samples: Samples, columns: tuple[str, ...], checks: DriftChecks
) -> dict[str, Finding]:
    """A finding for each column with empty cells on either side, by column."""
    found = {}
    for column in columns:
        old, new = samples.missing_share(column)
        if old or new:
            rise, bound = new - old, checks.missing_share
            reason = f"{old:.1%} -> {new:.1%} of rows are empty"
            found[column] = Finding("missing", column, rise, bound, rise <= bound, reason)
    return found


def _most_moved(old: pd.Series, new: pd.Series) -> str:
    shares = pd.DataFrame({"old": old.value_counts(), "new": new.value_counts()}).fillna(0)
    shares = shares.sort_index() / (len(old), len(new))
    most = (shares["new"] - shares["old"]).abs().argmax()
    before, after = shares.iloc[most]
    return f"most: {shares.index.tolist()[most]} {before:.1%} -> {after:.1%}"


def _centre(old: pd.Series, new: pd.Series) -> str:
    return f"median {old.median():.4g} -> {new.median():.4g}"
