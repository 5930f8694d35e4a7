"""A sample log whose true click probabilities are known, made once and kept in a work folder."""

from __future__ import annotations

import csv
import tempfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from adclick.adlog import AdLog
from adclick.arrays import Array, Float64, Int32
from adclick.encoding.encoder import FeatureEncoder
from adclick.encoding.fit import fit_encoder
from adclick.ingest.ingest import ingest
from adclick.ingest.sources import find_source
from adclick.sample_data.creatives import TRAITS
from adclick.sample_data.generate import SampleData, generate
from adclick.sample_data.options import SampleOptions
from adclick.schema import load_schema
from adclick.splitting import Split, SplitOptions, split_by_time
from adclick.training.encoded_rows import EncodedRows, encode_rows
from benchmarks.processes import REPOSITORY

SCHEMA = REPOSITORY / "configs" / "schemas" / "sample.yaml"


@dataclass(frozen=True)
class World:
    """The log of a sample, how it is split and encoded, and what is true of its test rows."""

    folder: Path
    sample: SampleData
    log: AdLog
    split: Split
    encoder: FeatureEncoder

    @cached_property
    def truth(self) -> Float64:
        """The test rows' true click probabilities, and the best guess without images: (n, 2)."""
        (month,) = self.split.test.months
        with (self.sample.truth / f"{month}.csv").open(newline="") as file:
            known = {
                row["impression_id"]: (float(row["p"]), float(row["p_without_image"]))
                for row in csv.DictReader(file)
            }
        names = self.log.table(self.split.test, ["impression_id"]).column("impression_id")
        return np.array([known[name] for name in names.to_pylist()])

    @cached_property
    def shown(self) -> Int32:
        """The test rows' creatives, as rows of the log's creative table."""
        return np.asarray(self.rows("test").creative)

    @cached_property
    def cold(self) -> Array:
        """Which test rows show a creative that no training row shows."""
        return ~np.isin(self.shown, np.unique(self.rows("training").creative))

    @cached_property
    def looks(self) -> Float64:
        """The true traits of each creative of the table, (k, 9): what its picture shows."""
        creatives = self.log.creatives()
        assert creatives is not None
        with (self.sample.truth / "creatives.csv").open(newline="") as file:
            known = {
                row["creative_id"]: [float(row[t]) for t in TRAITS] for row in csv.DictReader(file)
            }
        return np.array([known[name] for name in creatives.ids])

    def rows(self, name: str) -> EncodedRows:
        """The encoded rows of the split's `training`, `calibration` or `test`, in memory."""
        with tempfile.TemporaryDirectory(prefix="adclick-rows-") as place:
            rows = encode_rows(self.log, getattr(self.split, name), self.encoder, Path(place))
            return EncodedRows(
                categorical=np.array(rows.categorical),
                numeric=np.array(rows.numeric),
                creative=np.array(rows.creative),
                impressions=np.array(rows.impressions),
                clicks=np.array(rows.clicks),
            )


def make_world(options: SampleOptions, work: Path) -> World:
    """The world of these options, made in `work` unless it is there already."""
    folder = work / options.fingerprint
    sample = generate(options, folder / "sample")
    schema = load_schema(SCHEMA)
    log = ingest(find_source(str(sample.data), schema), schema, str(folder / "logs"))
    split = split_by_time(log, SplitOptions())
    return World(folder, sample, log, split, fit_encoder(log, split.training))
