"""Batches one by one, as a test looks at them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from adclick.arrays import Array, Int64
from adclick.training.batches import Batches, Block


@dataclass(frozen=True)
class Batch:
    """What a block has of one batch."""

    inputs: dict[str, Array]
    click_rate: Array
    weight: Array
    whole: float


def batches_of(block: Block) -> Iterator[Batch]:
    """The batches of a block, as views."""
    rows, images = _slices(block.rows), _slices(block.images)
    for mine, shown, whole in zip(rows, images, block.whole, strict=True):
        inputs = {
            name: values[shown if name == "images" else mine]
            for name, values in block.inputs.items()
        }
        yield Batch(inputs, block.click_rate[mine], block.weight[mine], float(whole))


def epochs(batches: Batches) -> Iterator[Batch]:
    """The batches of all epochs without end."""
    for block in batches.blocks():
        yield from batches_of(block)


def _slices(lengths: Int64) -> list[slice]:
    ends = np.cumsum(lengths)
    return [slice(end - length, end) for end, length in zip(ends, lengths, strict=True)]
