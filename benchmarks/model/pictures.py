"""What a model is shown in the place of a creative's image."""

from __future__ import annotations

import numpy as np

from adclick.adlog import AdLog, CreativeTable
from adclick.arrays import Float64, UInt8
from benchmarks.model.world import World

FULL = "full model"
ORACLE = "oracle"
SHUFFLED = "shuffled images"
STATISTICS = "colour and edge statistics"


class LogWithPictures(AdLog):
    """A log whose creatives look as told."""

    pictures: tuple[tuple[str, ...], object]

    def creatives(self) -> CreativeTable:
        """The told pictures."""
        ids, images = self.pictures
        return CreativeTable(ids, np.asarray(images))


def log_with(world: World, contender: str) -> LogWithPictures:
    """The world's log with the pictures that the contender is shown, as the table has them."""
    table = world.log.creatives()
    assert table is not None
    images = np.asarray(table.images)
    shown = {
        FULL: lambda: images,
        ORACLE: lambda: as_image(world.looks),
        SHUFFLED: lambda: np.random.default_rng(0).permutation(images),
        STATISTICS: lambda: as_image(statistics(images)),
    }[contender]()
    return LogWithPictures(**world.log.model_dump(), pictures=(table.ids, shown))


def as_image(values: Float64) -> UInt8:
    """Numbers (k, c) as images (k, 1, 1, c) of one pixel, so that the same tower takes them.

    Each number is a channel, its 1 % to 99 % quantile spread over 0 to 255.
    """
    low, high = np.quantile(values, [0.01, 0.99], axis=0)
    spread = np.clip((values - low) / np.maximum(high - low, 1e-9), 0, 1)
    pixels: UInt8 = np.round(255 * spread).astype(np.uint8)[:, np.newaxis, np.newaxis]
    return pixels


def statistics(images: UInt8) -> Float64:
    """Nine numbers of each image (k, height, width, 3): mean and deviation of each colour, edges.

    The edges are the mean absolute differences between neighbours across, down and over three
    pixels.
    """
    pixels = images.astype(np.float64) / 255
    grey = pixels.mean(axis=3)
    edges = [
        np.abs(np.diff(grey, axis=2)).mean(axis=(1, 2)),
        np.abs(np.diff(grey, axis=1)).mean(axis=(1, 2)),
        np.abs(grey[:, 3:, 3:] - grey[:, :-3, :-3]).mean(axis=(1, 2)),
    ]
    colours = [*pixels.mean(axis=(1, 2)).T, *pixels.std(axis=(1, 2)).T]
    return np.stack([*colours, *edges], axis=1)
