"""The cells over which a column is compared: fixed by the reference, whatever comes."""

from __future__ import annotations

import numpy as np

from adclick.arrays import Float64
from adclick.monitoring.distance import Cells, Measure
from adclick.monitoring.distribution import Numbers, Values
from adclick.monitoring.profile import Profile

HEAD = 100
# a value with less has a cell with all others: of empty cells PSI is mostly noise
SMALL_SHARE = 0.002
DECILES = np.arange(1, 10) / 10
FEWEST_DEVIATIONS = 1e-9


def column_cells(
    reference: Profile, current: Profile, column: str, measure: Measure
) -> Cells | None:
    """The cells of a column that both profiles have; None where it has a single one.

    Of values they are the most frequent of the reference and one for all others. Of numbers they
    are the ranges between the reference's deciles, for `wasserstein` all buckets of numbers.
    """
    draws = reference.independent(column), current.independent(column)
    if column in reference.values:
        cells = _of_values(reference.values[column], current.values[column], draws)
    elif measure == "wasserstein":
        cells = number_cells(reference.numbers[column], current.numbers[column], draws)
    else:
        cells = _of_deciles(reference.numbers[column], current.numbers[column], draws)
    return cells if len(cells.reference) > 1 else None


def _of_values(reference: Values, current: Values, draws: tuple[float, float]) -> Cells:
    least = SMALL_SHARE * reference.total
    frequent = sorted(reference.counts, key=lambda value: (-reference.counts[value], value))[:HEAD]
    head = [value for value in frequent if reference.counts[value] >= least]
    sides = []
    for side in (reference, current):
        counts = [float(side.counts.get(value, 0)) for value in head]
        sides.append([*counts, side.total - sum(counts)])
    one, other = np.array(sides)
    filled = (one > 0) | (other > 0)
    return Cells(one[filled], other[filled], draws)


def _of_deciles(reference: Numbers, current: Numbers, draws: tuple[float, float]) -> Cells:
    places, counts = reference.cells
    shares = np.cumsum(counts) / counts.sum()
    edges = np.unique(places[np.searchsorted(shares, DECILES)])
    one, other = (
        np.bincount(np.searchsorted(edges, numbers), shown, len(edges) + 1).astype(np.float64)
        for numbers, shown in (reference.cells, current.cells)
    )
    filled = (one > 0) | (other > 0)
    return Cells(one[filled], other[filled], draws)


def number_cells(reference: Numbers, current: Numbers, draws: tuple[float, float]) -> Cells:
    """All numbers of both sides, in standard deviations of the reference."""
    sides = [reference.cells, current.cells]
    places = np.union1d(sides[0][0], sides[1][0])
    one, other = (_spread(places, numbers, shown) for numbers, shown in sides)
    return Cells(one, other, draws, places / scale(reference))


def scale(numbers: Numbers) -> float:
    """The standard deviation, or of numbers that are all one, that number."""
    return numbers.deviation or max(abs(numbers.mean), FEWEST_DEVIATIONS)


def _spread(places: Float64, numbers: Float64, shown: Float64) -> Float64:
    counts = np.zeros(len(places))
    # two buckets beside zero share the number 0
    np.add.at(counts, np.searchsorted(places, numbers), shown)
    return counts
