"""Trains an epoch of columns and one of images, for the memory of its process to be seen.

Usage: one_epoch.py OPTIONS.json WORK.
"""

from __future__ import annotations

import sys
from pathlib import Path

from adclick.sample_data.options import SampleOptions
from adclick.training.options import ImageTraining, TrainingOptions
from adclick.training.train import train
from benchmarks.model.world import make_world


def main(options: Path, work: Path) -> None:
    """Train as a run does, an epoch long."""
    world = make_world(SampleOptions.model_validate_json(options.read_bytes()), work)
    once = TrainingOptions(epochs=1, images=ImageTraining(epochs=1))
    train(world.log, world.split, world.encoder, once)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
