"""Times training steps of tower and visual part: our batches, ready-made ones, a file a row.

Usage: pace.py OPTIONS.json WORK RATES.json. The rates are impressions a second: of `ours`, with the
batches gathered while steps train; of `ready`, the same batches lying in memory; of `naive`, the
same network fed as tf.data's guide to images does it, each impression with its own image file.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from adclick.arrays import Array
from adclick.model.head import build_head
from adclick.model.seeds import Seeds
from adclick.model.tower import build_tower
from adclick.sample_data.options import SampleOptions
from adclick.training.batches import Batches
from adclick.training.fit import adam, dataset, training_step
from adclick.training.network import join_visual
from adclick.training.options import TrainingOptions
from benchmarks.model.world import World, make_world

OPTIONS = TrainingOptions()
# short rounds, of which each has the beginning of an epoch: compared is what ran next to each other
WARM, STEPS, ROUNDS = 8, 48, 24
NAIVE_ROWS, NAIVE_WARM, NAIVE_STEPS, NAIVE_ROUNDS = 1024, 1, 4, 7


@dataclass(frozen=True)
class Way:
    """Batches, and a training step of its own that takes them: so many, of so many impressions."""

    parts: Any
    step: Callable[[Any], Any]
    warm: int
    steps: int
    impressions: int

    def rate(self) -> float:
        """Impressions a second of steps that begin at the first batch, after some to warm up."""
        parts = iter(self.parts)
        for _ in range(self.warm):
            self.step(parts)
        started = time.perf_counter()
        for _ in range(self.steps):
            self.step(parts)
        return self.impressions / (time.perf_counter() - started)


def main(options: Path, work: Path, rates: Path) -> None:
    """Measure the three ways and write the rates of each round."""
    world = make_world(SampleOptions.model_validate_json(options.read_bytes()), work)
    batches = _batches(world)
    counts = chain.from_iterable(block.rows.tolist() for block in batches.blocks())
    shown = sum(islice(counts, WARM, WARM + STEPS))
    strategy = tf.distribute.get_strategy()
    gathered = dataset(batches, strategy)
    ready = _ready(gathered, WARM + STEPS)
    ways = {
        "ours": Way(gathered, _step(world, strategy), WARM, STEPS, shown),
        "ready": Way(ready, _step(world, strategy), WARM, STEPS, shown),
    }
    found: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(ROUNDS):
        # which of them follows the other must not matter
        for name in sorted(ways, reverse=bool(number % 2)):
            found[name].append(ways[name].rate())
    of_files = NAIVE_STEPS * NAIVE_ROWS
    files = _from_files(world, batches)
    naive = Way(files, _step(world, strategy), NAIVE_WARM, NAIVE_STEPS, of_files)
    found["naive"] = [naive.rate() for _ in range(NAIVE_ROUNDS)]
    rates.write_text(json.dumps(found))


def _step(world: World, strategy: Any) -> Callable[[Any], Any]:
    seeds, slots = Seeds(1), world.encoder.slot_counts
    head = build_head(slots, len(world.encoder.numeric), True, 0.04, OPTIONS.model, seeds)
    network = join_visual(build_tower(_images(world).shape[1:], OPTIONS.model, seeds), head, 1)
    return training_step(network, adam(network, OPTIONS.images, strategy), strategy)


def _images(world: World) -> Array:
    creatives = world.log.creatives()
    assert creatives is not None
    return np.asarray(creatives.images)


def _batches(world: World) -> Batches:
    rows = world.rows("training")
    rows = replace(rows, offset=np.full(len(rows), -3.0, np.float32))
    run = OPTIONS.images.impressions_an_image
    size = run * OPTIONS.images.images_a_batch
    return Batches(rows, _images(world), size, OPTIONS.seed, run=run)


def _ready(gathered: Any, count: int) -> Any:
    """The first batches again and again, gathered beforehand."""
    kept = gathered.take(count).cache()
    for _ in kept:
        pass
    return kept.repeat()


def _from_files(world: World, batches: Batches) -> Any:
    """Single impressions in random order, each with its image read and decoded for it.

    Source: https://www.tensorflow.org/tutorials/load_data/images
    """
    creatives, rows = world.log.creatives(), batches.rows
    assert creatives is not None and rows.offset is not None
    _, height, width, _ = creatives.images.shape
    files = {file.stem: str(file) for file in world.sample.data.glob("*/images/*.jpg")}
    paths = np.array([files[name] for name in creatives.ids])[rows.creative]
    order = np.random.default_rng(1).permutation(len(rows))

    def read(path: Any, inputs: Any, rate: Any, weight: Any) -> Any:
        image = tf.io.decode_jpeg(tf.io.read_file(path), channels=3)
        resized = tf.image.resize(image, (height, width), antialias=True)
        return {**inputs, "images": tf.cast(resized, tf.uint8)}, rate, weight

    def whole(inputs: Any, rate: Any, weight: Any) -> Any:
        which = tf.range(tf.shape(weight)[0])
        total = tf.cast(tf.shape(weight)[0], tf.float32)
        return {**inputs, "which": which}, rate[:, tf.newaxis], weight, total

    inputs = {
        "categorical": rows.categorical[order],
        "numeric": rows.numeric[order],
        "offset": rows.offset[order],
    }
    rate = (rows.clicks / rows.impressions)[order]
    single = tf.data.Dataset.from_tensor_slices(
        (paths[order], inputs, rate, rows.impressions[order])
    )
    read_ones = single.map(read, num_parallel_calls=tf.data.AUTOTUNE)
    return read_ones.batch(NAIVE_ROWS).map(whole).repeat().prefetch(tf.data.AUTOTUNE)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]))
