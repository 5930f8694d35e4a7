"""Months of the sample world as ingestion would keep them, drawn without files in between."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import yaml

from adclick.adlog import CLICKS, IMPRESSIONS, TIME, Month
from adclick.monitoring.performance import Performance, measure_performance
from adclick.monitoring.slice_codes import SliceCodes
from adclick.sample_data.creatives import live_in
from adclick.sample_data.impressions import draw_impressions, log_table
from adclick.sample_data.options import SampleOptions
from adclick.sample_data.world import World
from adclick.schema import Schema
from adclick.statistics.describe import summarize
from adclick.statistics.month import MonthStatistics
from adclick.statistics.sketch import sketch_month

SCHEMA = Schema.model_validate(
    yaml.safe_load(
        (Path(__file__).resolve().parents[2] / "configs/schemas/sample.yaml").read_text("utf-8")
    )
)

# what a model would score that knows all but the pictures
TRUTH = "_p"

type Fault = Callable[[pa.Table], pa.Table]


@dataclass(frozen=True)
class SampleWorld:
    """Months of one world; the same options draw the same months."""

    options: SampleOptions

    @cached_property
    def rules(self) -> World:
        """Who clicks what."""
        return World.create(self.options)

    @classmethod
    def of(cls, seed: int, months: int, rows: int, creatives: int, base_rate: float = 0.04) -> Self:
        """So many months of about so many rows and new creatives each, in which tastes stay."""
        return cls(
            SampleOptions(
                months=months,
                impressions=months * rows,
                creatives_per_month=creatives,
                drift=0.0,
                base_rate=base_rate,
                defect_share=0,
                seed=seed,
            )
        )

    def table(self, month: int) -> pa.Table:
        """The rows of the month with this index as an ad log has them."""
        options = self.options
        live = live_in(options, self.rules.styles, month)
        rows = draw_impressions(
            self.rules, options, live, month, start=0, stop=options.rows_in(month)
        )
        table = as_log(log_table(rows, options.month_names))
        return table.append_column(TRUTH, pa.array(rows.truth.without_image))

    def performance(self, table: pa.Table, slices: SliceCodes, least: int = 2_000) -> Performance:
        """How good the scores of a model are that knows all but the pictures."""
        batches = table.to_batches(max_chunksize=65_536)
        return measure_performance(
            batches, lambda one: one[TRUTH].to_numpy(), SCHEMA, slices, least
        )

    def statistics(self, month: int, fault: Fault = lambda table: table) -> MonthStatistics:
        """The statistics of a month, after a fault."""
        return statistics_of(fault(self.table(month)), self.options.month_names[month])


def as_log(table: pa.Table) -> pa.Table:
    """Rows of the sample's files with the types of an ad log."""
    times = pc.strptime(table["time"], "%Y-%m-%dT%H:%M:%S", "us")
    columns = {SCHEMA.time: times.cast(TIME)}
    columns |= {name: table[name].cast(pa.string()) for name in SCHEMA.text_columns}
    columns |= {name: table[name].cast(pa.float64()) for name in SCHEMA.numeric}
    columns |= {IMPRESSIONS: pa.array(np.ones(table.num_rows, np.int64)), CLICKS: table["clicked"]}
    return pa.table(columns)


def statistics_of(table: pa.Table, month: str) -> MonthStatistics:
    """As `describe_month`, of rows in memory; empty cells hold the schema's defaults."""
    empty = {name: table[name].null_count for name in SCHEMA.text_columns}
    for name in SCHEMA.text_columns:
        filled = pc.fill_null(table[name], "")
        table = table.set_column(table.schema.get_field_index(name), name, filled)
    times = table[SCHEMA.time]
    counted = Month(
        month=month,
        files=(),
        quarantine="",
        rows_kept=table.num_rows,
        rows_quarantined=0,
        reasons={},
        defaults={name: count for name, count in empty.items() if count},
        impressions=table.num_rows,
        clicks=pc.sum(table[CLICKS]).as_py(),
        first=pc.min(times).as_py(),
        last=pc.max(times).as_py(),
    )
    batches = table.to_batches(max_chunksize=65_536)
    return summarize(sketch_month(batches, SCHEMA, month), counted, SCHEMA.creative)
