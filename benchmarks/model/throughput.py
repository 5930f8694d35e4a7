"""Figures of speed and memory: training steps, the input pipeline, a whole training."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from adclick.config import load_config
from adclick.sample_data.options import SampleOptions
from benchmarks.figures import Figure, Target
from benchmarks.model.pictures import FULL
from benchmarks.model.scores import Scores
from benchmarks.model.world import make_world
from benchmarks.processes import REPOSITORY, Place

LOCAL = REPOSITORY / "configs" / "local.yaml"
TIMES_MORE = 4
ROUNDS = 3


def step_figures(options: SampleOptions, work: Path, place: Place) -> list[Figure]:
    """Impressions a second of our batches, beside an image file for each impression."""
    said, rates = _described(options, work), place.folder / "rates.json"
    place.measure("-m", "benchmarks.model.work.pace", str(said), str(work), str(rates))
    found = {name: np.array(values) for name, values in json.loads(rates.read_text()).items()}
    naive = float(np.median(found["naive"]))
    waited = 1 - found["ours"] / found["ready"]
    return [
        Figure.of("training with images", found["ours"].tolist(), "impressions/s"),
        Figure.of("the same, a file an impression", found["naive"].tolist(), "impressions/s"),
        Figure.of(
            "times faster than a file an impression",
            (found["ours"] / naive).tolist(),
            "times",
            Target(">", 5),
        ),
        Figure.of(
            "input pipeline",
            waited.tolist(),
            "of step time",
            Target("<", 0.05),
            "beside batches that lie ready in memory, round by round",
        ),
    ]


def memory_figures(options: SampleOptions, work: Path, place: Place) -> list[Figure]:
    """How memory grows with impressions, of as many creatives."""
    few = options.model_copy(update={"impressions": options.impressions // TIMES_MORE})
    described = [_described(one, work) for one in (few, options)]
    found = [[_memory(one, work, place) for one in described] for _ in range(ROUNDS)]
    low, high = (list(sizes) for sizes in zip(*found, strict=True))
    return [
        Figure.of(f"memory of a training, {few.impressions:,} impressions", low, "MB"),
        Figure.of(f"memory of a training, {options.impressions:,} impressions", high, "MB"),
        Figure.of(
            f"memory with {TIMES_MORE} times the impressions",
            [more / less for less, more in found],
            "times",
            Target("<", 1.1),
        ),
    ]


def _memory(options: Path, work: Path, place: Place) -> float:
    words = ("-m", "benchmarks.model.work.one_epoch", str(options), str(work))
    return place.measure(*words).memory / 1e6


def sample_figures(work: Path, place: Place) -> list[Figure]:
    """How long the training of configs/local.yaml's sample takes."""
    scores = Scores(load_config(LOCAL).sample_data, work, place)
    scores.make((FULL,), (1,))
    seconds = float(scores.of(FULL, 1)["seconds"])
    return [Figure("training of the sample", seconds, "s", Target("<", 40))]


def _described(options: SampleOptions, work: Path) -> Path:
    """The options as a file, once the world is there: what makes it is not measured."""
    file = make_world(options, work).folder / "options.json"
    file.write_text(options.model_dump_json())
    return file
