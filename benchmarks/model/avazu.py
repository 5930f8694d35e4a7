"""Real clicks without images: five random splits of a sample of the Avazu competition's log."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from adclick.adlog import CLICKS, AdLog, RowSelection
from adclick.arrays import Float64
from adclick.encoding.fit import fit_encoder
from adclick.evaluation.metrics import Scored, metrics
from adclick.ingest.ingest import ingest
from adclick.ingest.sources import find_source
from adclick.schema import load_schema
from adclick.splitting import Split
from adclick.training.baselines import train_baselines
from adclick.training.options import TrainingOptions
from adclick.training.train import train
from benchmarks.figures import Figure, Target
from benchmarks.processes import REPOSITORY

DATA = REPOSITORY.parent / "shared" / "data" / "avazu" / "train.csv"
SCHEMA = REPOSITORY / "configs" / "schemas" / "avazu.yaml"
SPLITS = 5
CALIBRATION, TEST = 6_750, 7_500  # buckets of 10,000 at which they begin
# what models reached on one other random 75/25 split, the best of each
BEST_AUC, BEST_LOGLOSS = 0.6925, 0.4122
OURS, LINEAR, TREES = "ours", "logistic regression", "gradient boosting"

Scores = dict[str, dict[str, float]]


def avazu_figures(data: Path, work: Path) -> list[Figure]:
    """AUC and logloss of our model, and beside it of the baselines on the same rows."""
    found = [measure_split(data, work, number) for number in range(SPLITS)]
    figures = [figure for metric in ("auc", "logloss") for figure in _of_metric(found, metric)]
    less = [one[OURS]["logloss"] - one[LINEAR]["logloss"] for one in found]
    note = f"standard error {_standard_error(less):.4f}"
    behind = Figure.of(f"avazu, logloss, {OURS} minus {LINEAR}", less, "", None, note)
    return [*figures, behind]


def measure_split(data: Path, work: Path, number: int) -> Scores:
    """The metrics of both models on one random quarter of the rows, by model and metric."""
    folder = work / "avazu" / str(number)
    _write_with_other_ids(data, folder / "data" / "train.csv", number)
    schema = load_schema(SCHEMA)
    log = ingest(find_source(str(folder / "data"), schema), schema, str(folder / "logs"))
    months = log.month_names
    split = Split(
        training=RowSelection(months=months, end_bucket=CALIBRATION),
        calibration=RowSelection(months=months, first_bucket=CALIBRATION, end_bucket=TEST),
        test=RowSelection(months=months, first_bucket=TEST),
    )
    return _compared(log, split)


def _write_with_other_ids(data: Path, file: Path, number: int) -> None:
    """Rows fall to a side by their id: with other ids they fall otherwise."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with data.open(newline="") as read, file.open("w", newline="") as write:
        rows, writer = csv.DictReader(read), csv.writer(write)
        writer.writerow(rows.fieldnames or ())
        for row in rows:
            writer.writerow({**row, "id": f"{row['id']}-{number}"}.values())


def _compared(log: AdLog, split: Split) -> Scores:
    encoder = fit_encoder(log, split.training)
    table = log.table(split.test)
    clicks = table.column(CLICKS).to_numpy().astype(np.float64)
    encoded = encoder.encode(table)

    def judged(predicted: Float64) -> dict[str, float]:
        return metrics(Scored(clicks, np.ones_like(clicks), predicted))

    model = train(log, split, encoder, TrainingOptions()).model
    baselines = train_baselines(log, split, encoder)
    return {
        OURS: judged(model.predict(encoded, None)),
        LINEAR: judged(baselines.logistic.predict(encoded)),
        TREES: judged(baselines.boosting.predict(encoded)),
    }


def _standard_error(values: Sequence[float]) -> float:
    return float(np.std(values, ddof=1) / np.sqrt(len(values)))


def _of_metric(found: Sequence[Scores], metric: str) -> list[Figure]:
    values = {name: [one[name][metric] for one in found] for name in found[0]}
    error = _standard_error(values[OURS])
    target = {
        "auc": Target(">", round(BEST_AUC - error, 4)),
        "logloss": Target("<", round(BEST_LOGLOSS + error, 4)),
    }[metric]
    figures = []
    for name, measured in values.items():
        held = target if name == OURS else None
        spread = Figure.of(f"avazu, {metric}, {name}", measured, "", held, f"{SPLITS} splits")
        figures.append(
            Figure(
                spread.name,
                float(np.mean(measured)),
                "",
                held,
                spread.spread,
                f"standard error {error:.4f}" if held else spread.compared_with,
            )
        )
    return figures
