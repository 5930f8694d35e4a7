"""How many groups of equal size say as much as groups of unequal size do."""

from __future__ import annotations

from adclick.arrays import Float64


def effective_count(sizes: Float64) -> float:
    """Of groups of these sizes (k,): sum(sizes)^2 / sum(sizes^2) (Kish, Survey Sampling, 1965)."""
    return float(sizes.sum() ** 2 / (sizes @ sizes))
