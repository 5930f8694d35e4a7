"""Conditions on what a trial of the challenger's server found."""

from __future__ import annotations

from collections.abc import Iterator

from adclick.evaluation.condition import Condition
from adclick.evaluation.policy import ServingBudget
from adclick.evaluation.serving import ServingFigures


def serving_conditions(
    budget: ServingBudget, figures: ServingFigures | None
) -> Iterator[Condition]:
    """The conditions of a budget; one that fails where there was no trial."""
    if figures is None:
        yield Condition(
            name="trial of the server", figure="there was none", bound="one", holds=False
        )
        return
    many = f"time to answer for {figures.many}, p99"
    limits = (
        ("served minus offline score", figures.max_skew, budget.skew, ".1e", "", figures.skew),
        ("requests without a score", figures.failed, budget.failed, ",", "", figures.failure),
        ("time to answer, p99", figures.p99_ms, budget.p99_ms, ".1f", " ms", ""),
        (many, figures.many_p99_ms, budget.many_p99_ms, ".1f", " ms", ""),
        ("server's memory", figures.memory_mb, budget.memory_mb, ",.0f", " MB", ""),
        ("bundle's size", figures.size_mb, budget.size_mb, ",.1f", " MB", ""),
    )
    for name, value, most, form, unit, why in limits:
        if most is not None:
            yield Condition(
                name=name,
                figure=f"{value:{form}}{unit}{f' ({why})' if why else ''}",
                bound=f"at most {most:g}{unit}",
                holds=value <= most,
            )
