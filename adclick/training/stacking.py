"""The columns' network and a logistic regression as one network, each as far as it is believed."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import numpy as np

from adclick.encoding.encoder import Encoded
from adclick.model.baseline import LogisticBaseline, fit_baseline
from adclick.model.calibration import fit_weight
from adclick.model.click_model import ClickModel
from adclick.training.encoded_rows import EncodedRows

log = logging.getLogger(__name__)

# of more rows so many, spread evenly: 1.5 s, and a linear model learns little from more
MOST_ROWS = 200_000


def stack(
    twin: ClickModel,
    rows: EncodedRows,
    later: EncodedRows,
    slot_counts: Sequence[int],
    most: int = MOST_ROWS,
) -> float:
    """Make of the columns' network w * network + (1 - w) * logistic regression; returns w.

    On few rows the network is no better than a logistic regression, which has no early stopping
    to be misled by, and errs otherwise. What it says beyond that counts as far as `later` rows, on
    which neither was trained, bear it out: all of it where they are many. The sum is absorbed by
    the network's linear part and its last layer, so that it costs nothing afterwards.
    Source: Breiman, Stacked regressions, 1996.
    """
    clicks, shown = np.asarray(later.clicks), np.asarray(later.impressions)
    if not 0 < clicks.sum() < shown.sum():
        return 1.0
    linear = _fit(rows, tuple(slot_counts), most)
    known = linear.logits(_slots(later, slice(None)))
    added = twin.logits(later.encoded, None) - known
    weight = fit_weight(known, added, clicks, shown, expected=0.0)
    log.info("the network counts %.2f beside a logistic regression", weight)
    network = twin.head
    combine, table = network.get_layer("combine"), network.get_layer("linear")
    kernel, bias = combine.get_weights()
    combine.set_weights([weight * kernel, weight * bias + (1 - weight) * linear.intercept])
    (own,) = table.get_weights()
    table.set_weights([weight * own + (1 - weight) * linear.slots[:, np.newaxis]])
    return weight


def _fit(rows: EncodedRows, slot_counts: tuple[int, ...], most: int) -> LogisticBaseline:
    chosen = slice(None, None, max(1, -(-len(rows) // most)))
    clicks, shown = (
        np.asarray(part[chosen], np.float64) for part in (rows.clicks, rows.impressions)
    )
    return fit_baseline(_slots(rows, chosen), slot_counts, clicks, shown)


def _slots(rows: EncodedRows, chosen: slice) -> Encoded:
    """Rows without their numbers, which take part by their buckets."""
    slots = np.asarray(rows.categorical[chosen])
    return Encoded(slots, np.zeros((len(slots), 0), np.float32))
