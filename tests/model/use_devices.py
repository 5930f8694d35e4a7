"""A training process of its own, as TF_CONFIG and the number of logical processors make it.

Usage: use_devices.py TASK.json RESULT.json. It trains, writes the result, and where the task says
so trains again for `more_epochs`, for a test to end one worker while it does. It logs each epoch.
"""

from __future__ import annotations

import json
import logging
import sys
from pathlib import Path

import tensorflow as tf
from pydantic import BaseModel

from adclick.adlog import AdLog
from adclick.encoding.encoder import FeatureEncoder
from adclick.errors import AdclickError
from adclick.splitting import Split
from adclick.training.options import TrainingOptions
from adclick.training.trained import Trained


class Task(BaseModel):
    """What to train on, on how many logical processors."""

    log: AdLog
    split: Split
    encoder: FeatureEncoder
    options: TrainingOptions
    processors: int = 1
    more_epochs: int = 0
    store: str | None = None


class Result(BaseModel):
    """What came of it."""

    fingerprint: str
    losses: tuple[float, ...]
    scores: tuple[float, ...]
    slope: float


def result_of(trained: Trained, task: Task) -> Result:
    """The figures of a training, with the scores of some test rows."""
    model = trained.model
    rows = task.encoder.encode(task.log.table(task.split.test).slice(0, 50))
    unknown = None if model.tower is None else model.fallback[None].repeat(50, axis=0)
    return Result(
        fingerprint=model.fingerprint,
        losses=trained.validation_logloss,
        scores=tuple(model.predict(rows, unknown).tolist()),
        slope=model.calibration.slope,
    )


def main(task: Task, result: Path) -> None:
    """Train as `task` says."""
    from adclick.training.train import train

    logical = [tf.config.LogicalDeviceConfiguration()] * task.processors
    processor = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(processor, logical)
    trained = train(task.log, task.split, task.encoder, task.options, task.store)
    result.write_text(result_of(trained, task).model_dump_json())
    if task.more_epochs:
        longer = task.options.model_copy(
            update={"epochs": task.more_epochs, "patience": task.more_epochs}
        )
        train(task.log, task.split, task.encoder, longer)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    try:
        main(Task.model_validate(json.loads(Path(sys.argv[1]).read_bytes())), Path(sys.argv[2]))
    except AdclickError as error:
        print(f"error: {error}", flush=True)
        sys.exit(2)
