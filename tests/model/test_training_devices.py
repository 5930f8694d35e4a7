"""One processor, two in one process, two processes: the same batches make the same model."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from adclick.adlog import AdLog
from adclick.encoding.encoder import FeatureEncoder
from adclick.encoding.fit import fit_encoder
from adclick.model.options import ModelOptions
from adclick.splitting import Split, SplitOptions, split_by_time
from adclick.training.batches import RUN
from adclick.training.options import ImageTraining, TrainingOptions
from tests.logs import AGGREGATED, Row, good, ingested, schema_of
from tests.model.use_devices import Result, Task, result_of
from tests.servers import free_port, wait_until

ROOT = Path(__file__).parents[2]
# float32 sums in another order
TOLERANCE = 1e-6
# an epoch that only the second training has
AGAIN = "epoch 4:"
STARTED = 60.0
NOTICED = 30.0


class Process:
    """use_devices.py at work on a task; `cluster` makes it one of several workers."""

    def __init__(
        self, folder: Path, name: str, task: Task, cluster: dict[str, object] | None = None
    ) -> None:
        self.result, self._log = folder / f"{name}.result", folder / f"{name}.log"
        (folder / f"{name}.task").write_text(task.model_dump_json())
        environment = {k: v for k, v in os.environ.items() if k != "TF_CONFIG"}
        if cluster:
            environment["TF_CONFIG"] = json.dumps(cluster)
        command = [sys.executable, "-m", "tests.model.use_devices"]
        command += [str(folder / f"{name}.task"), str(self.result)]
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                command, cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT
            )

    def said(self, text: str) -> bool:
        """Whether its output has the text; an end before that is a failure."""
        found = text in self.output
        assert found or self.process.poll() is None, self.output
        return found

    @property
    def output(self) -> str:
        return self._log.read_text(errors="replace")

    @property
    def outcome(self) -> Result:
        return Result.model_validate_json(self.result.read_bytes())


# without dropout and mirrors, which are others on each replica
MODEL = ModelOptions(
    cross_layers=1, cross_rank=8, hidden_units=(16,), tower_filters=(4, 8), dropout=0
)
IMAGES = ImageTraining(epochs=2, learning_rate=0.01, mirrored=False)
# a seed whose network has no weight with a gradient of next to nothing: of the rounding in it Adam
# would make steps of full size, others on each number of replicas
OPTIONS = TrainingOptions(
    seed=2, epochs=2, patience=2, batch_size=256, learning_rate=0.01, model=MODEL, images=IMAGES
)


def trained_here(task: Task) -> Result:
    from adclick.training.train import train

    return result_of(train(task.log, task.split, task.encoder, task.options), task)


def assert_same_training(found: Result, expected: Result) -> None:
    np.testing.assert_allclose(found.losses, expected.losses, atol=TOLERANCE)
    np.testing.assert_allclose(found.scores, expected.scores, atol=10 * TOLERANCE)
    assert found.slope == pytest.approx(expected.slope, rel=1e-4)


@pytest.fixture(scope="module")
def task(sample_log: AdLog, sample_split: Split, sample_encoder: FeatureEncoder) -> Task:
    return Task(log=sample_log, split=sample_split, encoder=sample_encoder, options=OPTIONS)


@pytest.fixture(scope="module")
def workers(task: Task, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Process]]:
    """A chief and a worker, as Vertex AI would start them; both have trained, and train again."""
    addresses = {name: [f"127.0.0.1:{free_port()}"] for name in ("chief", "worker")}
    longer = task.model_copy(update={"more_epochs": 1000})
    folder = tmp_path_factory.mktemp("workers")
    processes = [
        Process(
            folder,
            name,
            longer,
            {"cluster": addresses, "task": {"type": name, "index": 0}, "environment": "cloud"},
        )
        for name in addresses
    ]
    try:
        for process in processes:
            wait_until(lambda process=process: process.said(AGAIN), "the second training", STARTED)
        yield processes
    finally:
        for process in processes:
            process.process.kill()
            process.process.wait()


@pytest.mark.slow
def test_two_workers_train_as_one_and_end_with_equal_models(
    workers: list[Process], task: Task
) -> None:
    chief, other = (process.outcome for process in workers)
    assert chief == other
    assert_same_training(chief, trained_here(task))


@pytest.mark.slow
def test_a_worker_that_is_killed_ends_the_others_with_its_name(workers: list[Process]) -> None:
    chief, other = workers
    other.process.kill()
    assert chief.process.wait(NOTICED) == 2, chief.output
    assert "\nerror: training stopped: worker 0, one of 2 workers, ended or" in chief.output


def aggregated(count: int) -> list[Row]:
    """Rows of some impressions each, of which no third has a click."""
    rows = []
    for number in range(count):
        row = good(number)
        clicked = row.pop("clicked") == "1"
        shown = number % 4 + 1
        rows.append(row | {"shown": str(shown), "clicks": str(int(clicked))})
    return rows


@pytest.mark.slow
def test_two_processors_share_weighted_batches_and_train_as_one(tmp_path: Path) -> None:
    months = {
        month: [row | {"time": row["time"].replace("2024-01", month)} for row in aggregated(300)]
        for month in ("2024-01", "2024-02")
    }
    log = ingested(tmp_path, months, schema_of(AGGREGATED))
    split = split_by_time(log, SplitOptions())
    assert log.table(split.training).num_rows % RUN == 1, "some batch has one row for two replicas"
    encoder = fit_encoder(log, split.training)
    options = OPTIONS.model_copy(update={"batch_size": 32})
    one = Task(log=log, split=split, encoder=encoder, options=options)
    two = Process(tmp_path, "two", one.model_copy(update={"processors": 2}))
    assert two.process.wait(STARTED) == 0, two.output
    assert_same_training(two.outcome, trained_here(one))
