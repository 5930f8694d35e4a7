"""Batches of some creatives times some impressions, so that an image is embedded once a batch."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from adclick.arrays import Array, Float64, Int32, Int64, UInt8
from adclick.training.encoded_rows import EncodedRows

RUN = 32
# batches gathered at once
BLOCK = 16


@dataclass(frozen=True)
class Block:
    """k batches gathered at once, which costs Python little more than one: n rows in all.

    Inputs by name, click rates (n, 1) and impressions as weights (n,) are those of one batch after
    another; `rows` int64 (k,) says how many each has. Where the log has images, inputs hold
    `images` uint8 (g, height, width, 3), each batch's distinct creatives, of which it has as many
    as `images` int64 (k,) says, and `which` int32 (n,), each impression's row in those of its
    batch. `whole` float64 (k,) is what a batch's weights add up to on average, its rows times the
    log's impressions a row; where replicas share a batch, the rows of all of them count.
    """

    inputs: dict[str, Array]
    click_rate: Array
    weight: Array
    whole: Float64
    rows: Int64
    images: Int64


@dataclass(frozen=True)
class Part:
    """The rows at `positions`, a replica's part of a batch `of` so many rows.

    They weigh nothing where they do not count.
    """

    positions: Int64
    of: int
    counts: bool = True


@dataclass(frozen=True)
class Shares:
    """Which shares of each batch are wanted here: `count` from `first` on, out of `of`."""

    first: int = 0
    count: int = 1
    of: int = 1


def creative_runs(
    rows: EncodedRows, generator: np.random.Generator, most: int = RUN
) -> list[Int64]:
    """All rows in random order, cut into runs of at most `most` rows that share a creative."""
    shuffled = generator.permutation(len(rows))
    creatives = _narrow(rows.creative).take(shuffled)
    by_creative = np.argsort(creatives, kind="stable")
    order = shuffled.take(by_creative)
    # as Python's integers, which are quicker to count with
    starts = _run_starts(creatives.take(by_creative)).tolist()
    ends = [*starts[1:], len(order)]
    runs = [
        order[start : min(start + most, end)]
        for first, end in zip(starts, ends, strict=True)
        for start in range(first, end, most)
    ]
    return [runs[position] for position in generator.permutation(len(runs))]


@dataclass(frozen=True)
class Batches:
    """Epochs over `rows` in batches of about `size` rows, each epoch in another order.

    A batch is of runs of at most `run` rows that share a creative where there are images.
    The order follows from the seed alone, so workers that know nothing of each other read the same
    batches, each its `shares`.
    """

    rows: EncodedRows
    images: UInt8 | None
    size: int
    seed: int
    shares: Shares = Shares()
    run: int = RUN

    @property
    def _runs_a_batch(self) -> int:
        return max(1, self.size // self.run)

    def __len__(self) -> int:
        """Batches in an epoch."""
        runs = len(self._runs(0))
        return math.ceil(runs / self._runs_a_batch)

    def _runs(self, epoch: int) -> list[Int64]:
        # of a generator of its own, so that an epoch can be had without those before it
        generator = np.random.default_rng((self.seed, epoch))
        if self.images is not None:
            return creative_runs(self.rows, generator, self.run)
        # without images nothing is shared by the rows of a creative
        order = generator.permutation(len(self.rows))
        return [order[start : start + self.run] for start in range(0, len(order), self.run)]

    def blocks(self, first: int = 0) -> Iterator[Block]:
        """Batches without end from epoch `first` on; of each the shares, in their order."""
        for epoch in itertools.count(first):
            runs = self._runs(epoch)
            starts = range(0, len(runs), self._runs_a_batch)
            batches = (np.concatenate(runs[at : at + self._runs_a_batch]) for at in starts)
            for some in itertools.batched(batches, BLOCK):
                parts = [part for positions in some for part in self._parts(positions)]
                yield gather(self.rows, parts, self.images)

    def _parts(self, positions: Int64) -> Iterator[Part]:
        shares = np.array_split(positions, self.shares.of)
        for share in shares[self.shares.first : self.shares.first + self.shares.count]:
            if len(share):
                yield Part(share, len(positions))
            else:
                # fewer rows than replicas: one without weight, for kernels differ on empty batches
                yield Part(positions[:1], len(positions), counts=False)


def gather(rows: EncodedRows, parts: Sequence[Part], images: UInt8 | None) -> Block:
    """The batches of these parts."""
    positions = np.concatenate([part.positions for part in parts])
    lengths = np.array([len(part.positions) for part in parts])
    inputs: dict[str, Array] = {
        "categorical": rows.categorical.take(positions, axis=0),
        "numeric": rows.numeric.take(positions, axis=0),
    }
    if rows.offset is not None:
        inputs["offset"] = rows.offset.take(positions)
    shown = np.zeros_like(lengths)
    if images is not None:
        creatives, inputs["which"], shown = _distinct(rows.creative.take(positions), lengths)
        inputs["images"] = np.asarray(images[creatives])
    impressions = rows.impressions.take(positions)
    rate = rows.clicks.take(positions) / impressions
    counts = np.array([part.counts for part in parts])
    weight = impressions if counts.all() else impressions * np.repeat(counts, lengths)
    whole = np.array([part.of for part in parts]) * rows.impressions_a_row
    return Block(inputs, rate[:, np.newaxis], weight, whole, lengths, shown)


def _distinct(creatives: Int32, lengths: Int64) -> tuple[Int64, Int32, Int64]:
    """Each batch's distinct creatives in order, of each row its place among them, their numbers.

    It sorts runs of one creative, not rows: what a batch is of comes in runs.
    """
    batches, most = len(lengths), int(creatives.max()) + 1
    keys = creatives + most * np.repeat(np.arange(batches), lengths)
    starts = _run_starts(keys)
    distinct, places = np.unique(keys[starts], return_inverse=True)
    numbers = np.bincount(distinct // most, minlength=batches)
    which = np.repeat(places, np.diff(starts, append=len(keys)))
    which -= np.repeat(np.cumsum(numbers) - numbers, lengths)
    return distinct % most, which.astype(np.int32), numbers


def _run_starts(values: Array) -> Int64:
    return np.append(0, np.flatnonzero(values[1:] != values[:-1]) + 1)


def _narrow(creatives: Int32) -> Array:
    """The same order in as few bytes as will do: numpy sorts 16 bits several times faster."""
    least = creatives.min()
    narrow: Array = (creatives - least).astype(np.min_scalar_type(creatives.max() - least))
    return narrow
