"""What goes wrong with a month, and which column a check is to name for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from adclick.adlog import CLICKS, CreativeTable
from adclick.arrays import Float64
from adclick.monitoring.verdict import Verdict
from adclick.sample_data.audience import SITES
from benchmarks.monitoring.months import SCHEMA

SHIFT = 0.3
LOST = 0.2
UNIT = 100
DAYS_LATE = 5
GONE = SITES[4]  # 3 % of all impressions
SEED = 7


@dataclass(frozen=True)
class Fault:
    """What is done to a month's rows, or to its pictures, and what is to be said of it.

    `columns` are those of which one is to be named first, `verdict` is what it asks for at least.
    """

    name: str
    columns: tuple[str, ...]
    verdict: Verdict
    rows: Callable[[pa.Table], pa.Table] = lambda table: table
    pictures: Callable[[CreativeTable], CreativeTable] = lambda creatives: creatives


def _replaced(table: pa.Table, columns: Mapping[str, pa.Array | pa.ChunkedArray]) -> pa.Table:
    for name, column in columns.items():
        table = table.set_column(table.schema.get_field_index(name), name, column)
    return table


def _bids(table: pa.Table) -> Float64:
    return np.asarray(table["bid"].to_numpy())


def _shifted(table: pa.Table) -> pa.Table:
    bids = _bids(table)
    return _replaced(table, {"bid": pa.array(bids + SHIFT * bids.std())})


def _without_site(table: pa.Table) -> pa.Table:
    return table.filter(pc.not_equal(table["site"], GONE))


def _fewer_clicks(table: pa.Table) -> pa.Table:
    kept = np.random.default_rng(SEED).random(table.num_rows) >= LOST
    return _replaced(table, {CLICKS: pa.array(table[CLICKS].to_numpy() * kept)})


def _other_unit(table: pa.Table) -> pa.Table:
    return _replaced(table, {"bid": pa.array(_bids(table) * UNIT)})


def _swapped(table: pa.Table) -> pa.Table:
    return _replaced(table, {"site": table["site_category"], "site_category": table["site"]})


def _late(table: pa.Table) -> pa.Table:
    times = table[SCHEMA.time].combine_chunks().cast(pa.timestamp("us")).to_numpy()
    told = times < times.max() - np.timedelta64(DAYS_LATE, "D")
    return _replaced(table, {CLICKS: pa.array(table[CLICKS].to_numpy() * told)})


def _grey(creatives: CreativeTable) -> CreativeTable:
    grey = creatives.images.mean(axis=3, keepdims=True).astype(np.uint8)
    return CreativeTable(creatives.ids, np.repeat(grey, 3, axis=3))


FAULTS = (
    Fault("bid shifted by 0.3 sd", ("bid",), "watch", _shifted),
    Fault("a site of 3 % vanishes", ("site",), "watch", _without_site),
    Fault("click rate 20 % lower", ("clicked",), "retrain", _fewer_clicks),
    Fault("bid in another unit (x100)", ("bid",), "stop", _other_unit),
    Fault("site and site category swapped", ("site", "site_category"), "stop", _swapped),
    Fault("labels of the last 5 days not in", ("clicked",), "stop", _late),
    Fault("images recompressed to grey", ("image saturation",), "stop", pictures=_grey),
)
