"""Calibration: making predicted probabilities equal to observed click rates."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict
from scipy.special import expit

from adclick.arrays import Array, Float64

# of an addition's weight, a standard deviation before any row is seen
WEIGHT_DOUBT = 0.5
# by how much slope and shift are wrong before any row is seen: about what was measured of six
# networks trained on sample data (slopes of .93 to .99, rates off by 2 to 8 %)
SCALING_DOUBT = 0.1

type Method = Literal["platt", "temperature", "isotonic"]


class Calibration(BaseModel):
    """p = sigmoid(slope * logit + intercept); the identity by default.

    With `logits`, rising, p is read off the line through the `probabilities` at them instead, and
    is that of the nearest end beyond them.
    """

    model_config = ConfigDict(frozen=True)

    slope: float = 1.0
    intercept: float = 0.0
    logits: tuple[float, ...] = ()
    probabilities: tuple[float, ...] = ()

    def probability(self, logits: Array) -> Float64:
        """Click probabilities of raw logits, float64 (n,)."""
        logits = logits.astype(np.float64)
        if self.logits:
            return np.asarray(np.interp(logits, self.logits, self.probabilities))
        return np.asarray(expit(self.slope * logits + self.intercept))

    def __str__(self) -> str:
        if self.logits:
            return f"a line through {len(self.logits)} points"
        return f"sigmoid({self.slope:.4f} × logit {self.intercept:+.4f})"


def fit_calibration(
    logits: Array, clicks: Array, impressions: Array, method: Method = "platt"
) -> Calibration:
    """The calibration that fits clicks among impressions best, each (n,).

    platt: slope and intercept (Platt, Probabilistic outputs for support vector machines, 1999); the
    mean prediction becomes the observed rate. temperature: the slope alone (Guo et al., On
    calibration of modern neural networks, 2017), for where the rate of these rows is not that to
    come. isotonic: whatever rises (Zadrozny and Elkan, 2002), for many rows; scores between two of
    its steps stay apart, those on one become equal.
    Slope and intercept are those of most posterior: logits are taken to be about right until rows
    say otherwise, for fitted freely to a hundred clicks they would spoil more than they mend.
    Fit it on rows that the model was not trained on.
    """
    if method == "isotonic":
        return _isotonic(logits.astype(np.float64), clicks, impressions)
    return _scaling(logits.astype(np.float64), clicks, impressions, method == "platt")


def fit_weight(
    known: Array, added: Array, clicks: Array, impressions: Array, expected: float = 1.0
) -> float:
    """How much of the logits `added` to believe beside those `known`, in [0, 1]; each (n,).

    The w of most posterior in sigmoid(a * (known + w * added) + b), where w is about `expected` +-
    WEIGHT_DOUBT before any row is seen: 1 where the addition is worth what it says, less where it
    promises more than it keeps, near 0 where many rows say that it is noise.
    Fit it on rows that neither was trained on.
    """
    from scipy.optimize import minimize

    logits = np.stack([known, added, np.ones_like(known)]).astype(np.float64)

    def loss(parameters: Float64) -> tuple[float, Float64]:
        eta = parameters @ logits
        doubted = (parameters[1] - expected * parameters[0]) / WEIGHT_DOUBT
        value = np.sum(impressions * np.logaddexp(0, eta) - clicks * eta) + doubted**2 / 2
        slope = logits @ (impressions * expit(eta) - clicks)
        return value, slope + doubted / WEIGHT_DOUBT * np.array([-expected, 1.0, 0.0])

    known_slope, added_slope, _ = minimize(loss, np.array([1.0, expected, 0.0]), jac=True).x
    return float(np.clip(added_slope / known_slope, 0, 1)) if known_slope > 0 else 1.0


def _scaling(logits: Float64, clicks: Array, impressions: Array, shifts: bool) -> Calibration:
    # imported here: a server only applies the scaling, and this costs 0.4 s and 30 MB
    from scipy.optimize import minimize

    middle = float(np.average(logits, weights=impressions)) if shifts else 0.0
    expected = np.array([1.0, 0.0] if shifts else [1.0])

    def loss(parameters: Float64) -> tuple[float, Float64]:
        slope, shift = (*parameters, 0.0)[:2]
        eta = slope * (logits - middle) + middle + shift
        # log(1 + exp(eta)) without overflow
        value = np.sum(impressions * np.logaddexp(0, eta) - clicks * eta)
        residual = impressions * expit(eta) - clicks
        rises = np.array([residual @ (logits - middle), residual.sum()])[: len(parameters)]
        # log cosh, of a prior with heavy tails: like a normal one near 0, and no bar to what is far
        doubted = (parameters - expected) / SCALING_DOUBT
        value += np.sum(np.logaddexp(doubted, -doubted))
        return value, rises + np.tanh(doubted) / SCALING_DOUBT

    fitted = minimize(loss, expected, jac=True, method="BFGS")
    slope, shift = (*fitted.x, 0.0)[:2]
    return Calibration(slope=float(slope), intercept=float(middle - slope * middle + shift))


def _isotonic(logits: Float64, clicks: Array, impressions: Array) -> Calibration:
    from sklearn.isotonic import IsotonicRegression

    # a step without a click, or of nothing else, is still no certainty
    least = 0.5 / float(impressions.sum())
    fitted = IsotonicRegression(y_min=least, y_max=1 - least)
    fitted.fit(logits, clicks / impressions, sample_weight=impressions)
    return Calibration(
        logits=tuple(fitted.X_thresholds_.tolist()),
        probabilities=tuple(fitted.y_thresholds_.tolist()),
    )
