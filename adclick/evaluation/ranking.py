"""AUC and average precision of rows that come in falling order of score, in any number of parts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from adclick.arrays import Array, Float64


@dataclass(frozen=True)
class Ranked:
    """n rows in falling order of score, float64 (n,) each; no score lies in two parts.

    `groups` int (n,) are who resampling draws together, `starts` int (t,) the first row of each
    distinct score.
    """

    score: Float64
    clicks: Float64
    unclicked: Float64
    groups: Array
    starts: Array

    @classmethod
    def of(cls, score: Float64, clicks: Float64, unclicked: Float64, groups: Array) -> Self:
        """Rows that are in order already."""
        return cls(score, clicks, unclicked, groups, _starts(score[1:] != score[:-1]))


class Ranking:
    """The rows of each of `values` slices ranked among themselves, by group.

    Kept between parts is what lies above: `above` (values, groups) are pairs of an unclicked
    impression and a click above it, `below` pairs of a click and an unclicked impression above it,
    ties half; `precision` (values,) sums the share of clicks at or above each click.
    """

    def __init__(self, values: int = 1, groups: int = 1) -> None:
        self.above = np.zeros((values, groups))
        self.below = np.zeros((values, groups))
        self.precision = np.zeros(values)
        self.clicks = np.zeros(values)
        self.unclicked = np.zeros(values)

    @property
    def auc(self) -> Float64:
        """Probability that a click scores above an unclicked impression, ties half, (values,)."""
        with np.errstate(invalid="ignore"):
            return np.asarray(self.above.sum(axis=1) / (self.clicks * self.unclicked))

    @property
    def pr_auc(self) -> Float64:
        """Mean over clicks of the share of clicks at or above their score, (values,)."""
        with np.errstate(invalid="ignore"):
            return np.asarray(self.precision / self.clicks)

    def add(self, rows: Ranked, codes: Array | None = None) -> None:
        """Go on with rows that score below all before; `codes` (n,) are their slices."""
        clicks, unclicked, groups, starts = rows.clicks, rows.unclicked, rows.groups, rows.starts
        cells = groups
        if codes is not None:
            order = np.argsort(codes, kind="stable")
            clicks, unclicked, codes = clicks[order], unclicked[order], codes[order]
            score = rows.score[order]
            starts = _starts((score[1:] != score[:-1]) | (codes[1:] != codes[:-1]))
            cells = codes * np.int64(self.above.shape[1]) + groups[order]
        tied_clicks = np.add.reduceat(clicks, starts)
        tied_unclicked = np.add.reduceat(unclicked, starts)
        slices = np.zeros(len(starts), np.int64) if codes is None else codes[starts]
        clicked = _running(tied_clicks, slices, self.clicks)
        shown = clicked + _running(tied_unclicked, slices, self.unclicked)
        ties = _of_rows(starts, len(clicks))
        self.above += self._by_cell(cells, unclicked * (clicked - tied_clicks / 2)[ties])
        some = np.flatnonzero(clicks)
        over = (shown - clicked - tied_unclicked / 2)[ties[some]]
        self.below += self._by_cell(cells[some], clicks[some] * over)
        some = np.flatnonzero(tied_clicks)
        precision = tied_clicks[some] * clicked[some] / shown[some]
        self.precision += np.bincount(slices[some], precision, len(self.precision))

    def _by_cell(self, cells: Array, weights: Float64) -> Float64:
        sums: Float64 = np.bincount(cells, weights, self.above.size).astype(np.float64)
        return sums.reshape(self.above.shape)


def _starts(new: Array) -> Array:
    return np.concatenate([[0], np.flatnonzero(new) + 1])


def _of_rows(starts: Array, count: int) -> Array:
    """The number of the tie that each of the rows is in, (count,)."""
    return np.repeat(np.arange(len(starts)), np.diff(starts, append=count))


def _running(tied: Float64, slices: Array, so_far: Float64) -> Float64:
    """Sums up to and with each tie in its slice, (t,); `so_far` (values,) is brought up to date."""
    sums = np.cumsum(tied)
    ends = np.searchsorted(slices, np.arange(len(so_far) + 1))
    reached = np.concatenate([[0.0], sums])[ends]
    running: Float64 = sums + (so_far - reached[:-1])[slices]
    so_far += np.diff(reached)
    return running
