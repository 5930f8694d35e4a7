"""A figure whose error is known from groups of rows alone, and what that says about bounds."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy.special import stdtr, stdtrit

from adclick.evaluation.intervals import Figure


class Estimate(Figure):
    """A figure with its standard error and the degrees of freedom of Student's t for it."""

    error: float
    freedom: float

    @classmethod
    def of(cls, value: float, error: float, freedom: float, confidence: float) -> Estimate:
        """The estimate with its interval."""
        reach = float(stdtrit(freedom, (1 + confidence) / 2)) * error if freedom > 0 else math.nan
        return cls(value=value, low=value - reach, high=value + reach, error=error, freedom=freedom)

    def chance_above(self, bound: float) -> float:
        """p-value of a figure this far above the bound where the true one is not; 1 if unknown."""
        if not (self.freedom > 0 and math.isfinite(self.error) and math.isfinite(self.value)):
            return 1.0
        if self.error == 0:
            return 0.0 if self.value > bound else 1.0
        return float(stdtr(self.freedom, (bound - self.value) / self.error))

    def chance_below(self, bound: float) -> float:
        """p-value of a figure this far below the bound where the true one is not."""
        return self.mirrored().chance_above(-bound)

    def least(self, tail: float) -> float:
        """What the true figure is at least, but for a chance of `tail`."""
        return self.value - float(stdtrit(self.freedom, 1 - tail)) * self.error

    def mirrored(self) -> Estimate:
        """The estimate of minus the figure."""
        return Estimate(
            value=-self.value,
            low=-self.high,
            high=-self.low,
            error=self.error,
            freedom=self.freedom,
        )


def holm(chances: Sequence[float]) -> list[float]:
    """p-values of as many comparisons, so that the chance of any false one is what they say.

    Holds however the comparisons hang together, as slices that overlap do (Holm, 1979).
    """
    order = np.argsort(chances, kind="stable")
    scaled = np.asarray(chances, np.float64)[order] * np.arange(len(chances), 0, -1)
    adjusted = np.empty(len(chances))
    adjusted[order] = np.minimum(np.maximum.accumulate(scaled), 1)
    found: list[float] = adjusted.tolist()
    return found
