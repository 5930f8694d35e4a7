"""What exports are made of: a model version's bundle, its Keras networks, and its log."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa

from adclick.adlog import CLICKS, IMPRESSIONS, AdLog, RowSelection
from adclick.arrays import Array, Float64, UInt8
from adclick.bundle.bundle import ServingBundle
from adclick.encoding.encoder import Encoded
from adclick.exports.spec import EncoderSpec, encoder_spec
from adclick.model.click_model import ClickModel
from adclick.splitting import Split


@dataclass(frozen=True)
class EncodedSample:
    """n encoded rows: clicks and impressions (n,), and which of `images` (k, ...) each shows (n,).

    Without images in the log `shown` and `images` are None.
    """

    encoded: Encoded
    clicks: Float64
    impressions: Float64
    shown: Array | None
    images: UInt8 | None


@dataclass(frozen=True)
class Material:
    """A model version, with the log that it was trained on and tested with."""

    bundle: ServingBundle
    model: ClickModel
    log: AdLog
    split: Split

    @cached_property
    def spec(self) -> EncoderSpec:
        """What its encoder is."""
        return encoder_spec(self.bundle)

    def sample(self, selection: RowSelection, rows: int) -> EncodedSample:
        """The first so many of the selected rows, encoded, with the images that they show."""
        schema = self.log.ad_schema
        batches, found = [], 0
        for batch in self.log.batches(selection, coded=True):
            batches.append(batch)
            found += batch.num_rows
            if found >= rows:
                break
        table = pa.Table.from_batches(batches).slice(0, rows).combine_chunks()
        shown = images = None
        creatives = self.log.creatives()
        if self.bundle.has_images and creatives is not None:
            ids = table.column(schema.creative).combine_chunks()
            used, shown = np.unique(creatives.index(ids), return_inverse=True)
            images = np.asarray(creatives.images[used])
        return EncodedSample(
            encoded=self.bundle.encoder.encode(table),
            clicks=np.asarray(table.column(CLICKS).to_numpy(), np.float64),
            impressions=np.asarray(table.column(IMPRESSIONS).to_numpy(), np.float64),
            shown=shown,
            images=images,
        )
