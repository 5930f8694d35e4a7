"""Which slices the rows are divided into, as the options and the rows themselves say."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from adclick.arrays import Array, Float64
from adclick.errors import AdclickError
from adclick.evaluation.cut import Cut, crossed
from adclick.evaluation.options import SliceOptions
from adclick.evaluation.rows import Column, ScoredRows

OTHER = "(other)"


def choose_cuts(rows: ScoredRows, options: SliceOptions) -> tuple[list[Cut], list[Cut]]:
    """A cut for each column that tells rows apart, and the declared crosses of them.

    Raises AdclickError where the options name a column that the rows do not have.
    """
    crosses = [name for cross in options.crosses for name in cross]
    columns = {column.name: column for column in rows.columns}
    for name in [*(options.columns or ()), *crosses]:
        if name not in columns:
            raise AdclickError(
                f"evaluation.slices names column {name!r}: choose from {', '.join(columns)}"
            )
    chosen = columns if options.columns is None else dict.fromkeys(options.columns)
    shown = _impressions(rows, [columns[name] for name in dict.fromkeys([*chosen, *crosses])])
    cuts = {name: _cut(columns[name], counts, options) for name, counts in shown.items()}
    return (
        [cuts[name] for name in chosen if len(cuts[name].values) > 1],
        [crossed(cuts[one], cuts[other]) for one, other in options.crosses],
    )


def _impressions(rows: ScoredRows, chosen: Sequence[Column]) -> dict[str, Float64]:
    """Impressions by code of each column."""
    shown = {column.name: np.zeros(column.codes) for column in chosen}
    for block in rows.blocks():
        impressions = block.impressions
        for column in chosen:
            counts = np.bincount(block.codes(column.name), impressions, column.codes)
            shown[column.name] += counts
    return shown


def _cut(column: Column, shown: Float64, options: SliceOptions) -> Cut:
    if column.edges is None:
        return _by_value(column, shown, options.max_values)
    return _by_quantile(column.name, column.edges, shown, options.quantiles)


def _by_value(column: Column, shown: Float64, most: int) -> Cut:
    """Each value that was shown, or the most frequent ones and all others together."""
    there = np.flatnonzero(shown)
    if len(there) > most:
        frequent = [code for code in np.argsort(-shown, kind="stable") if not _other(column, code)]
        there = np.sort(frequent[: most - 1])
    rest = shown.sum() > shown[there].sum()
    slices = np.full(column.codes, len(there) if rest else 0, np.uint16)
    slices[there] = np.arange(len(there))
    values = tuple(column.values[code] for code in there)
    return Cut((column.name,), ((*values, OTHER) if rest else values,), (slices,))


def _other(column: Column, code: int) -> bool:
    return column.values[code] == OTHER


def _by_quantile(name: str, edges: tuple[float, ...], shown: Float64, quantiles: int) -> Cut:
    """Neighbouring ranges together, so that slices have about as many impressions each."""
    middle = (np.cumsum(shown) - shown / 2) / max(shown.sum(), 1)
    slices = np.minimum((middle * quantiles).astype(np.int64), quantiles - 1)
    present = np.unique(slices[shown > 0])
    slices = np.clip(np.searchsorted(present, slices), 0, max(len(present) - 1, 0))
    values = tuple(
        _range(edges, np.flatnonzero(slices == number)) for number in range(len(present))
    )
    return Cut((name,), (values,), (slices.astype(np.uint16),))


def _range(edges: tuple[float, ...], codes: Array) -> str:
    first, last = codes[0], codes[-1]
    low = f"{edges[first - 1]:.4g}" if first > 0 else None
    high = f"{edges[last]:.4g}" if last < len(edges) else None
    if low is None or high is None:
        return f"{low} and above" if low else f"below {high}" if high else "all"
    return f"{low} to {high}"
