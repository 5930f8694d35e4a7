"""A training that is killed goes on where it stood, and ends with the same model."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import numpy as np
import pytest

from adclick.adlog import AdLog
from adclick.encoding.encoder import FeatureEncoder
from adclick.splitting import Split
from adclick.training.checkpoints import Checkpoint, Checkpoints, Progress
from adclick.training.options import ImageTraining, TrainingOptions
from tests.model.test_training_devices import MODEL, Process
from tests.model.use_devices import Task, result_of
from tests.servers import wait_until

STARTED = 60.0
# dropout and mirrors are on: their random numbers go on as well
OPTIONS = TrainingOptions(
    epochs=3,
    patience=3,
    batch_size=256,
    learning_rate=0.01,
    model=MODEL.model_copy(update={"dropout": 0.2}),
    images=ImageTraining(epochs=40, patience=40, learning_rate=0.01),
)


@pytest.mark.slow
def test_a_killed_training_ends_with_the_model_of_one_that_was_not(
    sample_log: AdLog, sample_split: Split, sample_encoder: FeatureEncoder, tmp_path: Path
) -> None:
    from adclick.training.train import train

    store = tmp_path / "store"
    task = Task(
        log=sample_log,
        split=sample_split,
        encoder=sample_encoder,
        options=OPTIONS,
        store=str(store),
    )
    killed = Process(tmp_path, "killed", task)
    try:
        # the images' epochs come after the columns' three
        wait_until(lambda: killed.said("epoch 5:"), "an epoch with images", STARTED)
    finally:
        killed.process.send_signal(signal.SIGKILL)
        killed.process.wait()
    assert {file.name for file in store.glob("*/*.npz")} == {"columns.npz", "images.npz"}
    again = Process(tmp_path, "again", task)
    assert again.process.wait(STARTED) == 0, again.output
    assert "going on after epoch 3" in again.output
    assert "epoch 1:" not in again.output
    assert not list(store.glob("*")), "finished trainings leave nothing"
    expected = result_of(train(sample_log, sample_split, sample_encoder, OPTIONS), task)
    assert again.outcome == expected


def test_a_checkpoint_holds_what_was_written_last(tmp_path: Path) -> None:
    checkpoint = Checkpoint(f"{tmp_path}/folder/fit.npz")
    assert checkpoint.read() is None
    for epoch in (1, 12):
        weights = tuple(np.full((2,), float(epoch + i)) for i in range(epoch))
        checkpoint.write(Progress((0.5,) * epoch, weights, weights[:1]))
    found = checkpoint.read()
    assert found is not None
    assert found.losses == (0.5,) * 12
    assert [part.tolist() for part in found.variables] == [[12.0 + i] * 2 for i in range(12)]
    assert len(found.best) == 1


def test_another_training_has_other_checkpoints() -> None:
    def folder(options: TrainingOptions) -> str:
        return Checkpoints.of("store", [options.model_dump_json()]).folder

    assert folder(OPTIONS) == folder(TrainingOptions(**json.loads(OPTIONS.model_dump_json())))
    assert folder(OPTIONS) != folder(OPTIONS.model_copy(update={"seed": 2}))


def test_a_worker_that_does_not_write_leaves_no_checkpoint(tmp_path: Path) -> None:
    Checkpoint(f"{tmp_path}/fit.npz", is_writer=False).write(Progress((), (), ()))
    assert not list(tmp_path.iterdir())
