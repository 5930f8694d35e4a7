"""Trains one contender and writes what it says of the test rows: a process of its own.

Usage: contender.py OPTIONS.json WORK CONTENDER SEED SCORES.npz. `full` are the calibrated
probabilities, `twin` those of the columns' part; `seconds` is what
training took, `epochs` its length.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np

from adclick.sample_data.options import SampleOptions
from adclick.training.options import TrainingOptions
from adclick.training.train import train
from benchmarks.model.pictures import log_with
from benchmarks.model.world import make_world


def main(options: Path, work: Path, contender: str, seed: int, scores: Path) -> None:
    """Train as a run does, on other pictures where the contender has them."""
    world = make_world(SampleOptions.model_validate_json(options.read_bytes()), work)
    log = log_with(world, contender)
    started = time.perf_counter()
    trained = train(log, world.split, world.encoder, TrainingOptions(seed=seed))
    seconds = time.perf_counter() - started
    model, test = trained.model, world.rows("test")
    embeddings = model.embed(log.creatives().images)
    np.savez(
        scores,
        full=model.predict(test.encoded, embeddings[test.creative]),
        twin=model.tabular.predict(test.encoded, None),
        seconds=seconds,
        epochs=len(trained.validation_logloss),
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], int(sys.argv[4]), Path(sys.argv[5]))
