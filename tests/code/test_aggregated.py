"""A log of single impressions and the same impressions in aggregated rows are one log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from adclick.adlog import AdLog
from adclick.encoding.fit import fit_encoder
from adclick.evaluation.metrics import Scored, metrics
from adclick.model.baseline import fit_baseline
from adclick.model.calibration import fit_calibration
from adclick.monitoring.frames import CLICKED, sample_frame
from adclick.statistics.describe import describe_month
from adclick.training.batches import Batches
from adclick.training.encoded_rows import EncodedRows, encode_rows
from tests.logs import AGGREGATED, COLUMNS, Row, good, ingested, schema_of

SEVERAL = {"min_count": 40}


@dataclass(frozen=True)
class Context:
    """What one aggregated row says: the cells of its impressions, and how many were clicked."""

    cells: Row
    shown: int
    clicks: int


def contexts(count: int = 60) -> list[Context]:
    generator = np.random.default_rng(3)
    found = []
    for number in range(count):
        cells = good(number) | {"bid": f"{generator.integers(1, 400) / 4}"}
        shown = int(generator.integers(1, 60))
        found.append(Context(cells, shown, int(generator.binomial(shown, 0.3))))
    return found


def single(rows: Sequence[Context]) -> list[Row]:
    return [
        row.cells | {"id": f"{row.cells['id']}-{i}", "clicked": str(int(i < row.clicks))}
        for row in rows
        for i in range(row.shown)
    ]


def aggregated(rows: Sequence[Context]) -> list[Row]:
    return [
        {name: cell for name, cell in row.cells.items() if name != "clicked"}
        | {"shown": str(row.shown), "clicks": str(row.clicks)}
        for row in rows
    ]


@dataclass(frozen=True)
class Logs:
    """The same impressions twice."""

    single: AdLog
    aggregated: AdLog


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Logs:
    schemas = (
        schema_of(columns | {"site": {"role": "categorical"} | SEVERAL})
        for columns in (COLUMNS, AGGREGATED)
    )
    rows = contexts()
    found = [
        ingested(tmp_path_factory.mktemp("log"), {"2024-01": some}, schema)
        for some, schema in zip((single(rows), aggregated(rows)), schemas, strict=True)
    ]
    return Logs(*found)


def encoded(log: AdLog, folder: Path) -> EncodedRows:
    selection = log.everything()
    return encode_rows(log, selection, fit_encoder(log, selection), folder)


def test_months_have_the_same_counts(logs: Logs) -> None:
    one, other = (log.months[0] for log in (logs.single, logs.aggregated))
    assert (one.impressions, one.clicks) == (other.impressions, other.clicks)
    assert other.rows_kept < one.rows_kept


def test_encoders_are_the_same(logs: Logs) -> None:
    one, other = (fit_encoder(log, log.everything()) for log in (logs.single, logs.aggregated))
    assert one.categorical == other.categorical
    for ours, theirs in zip(one.numeric, other.numeric, strict=True):
        assert (ours.mean, ours.scale) == pytest.approx((theirs.mean, theirs.scale), rel=1e-12)
        assert ours.edges == pytest.approx(theirs.edges, rel=1e-12)


def test_baselines_are_the_same(logs: Logs, tmp_path: Path) -> None:
    fitted = []
    for name, log in vars(logs).items():
        rows = encoded(log, tmp_path / name)
        slots = fit_encoder(log, log.everything()).slot_counts
        fitted.append(fit_baseline(rows.encoded, slots, rows.clicks, rows.impressions))
    np.testing.assert_allclose(fitted[0].slots, fitted[1].slots, atol=1e-3)
    np.testing.assert_allclose(fitted[0].coefficients, fitted[1].coefficients, atol=1e-3)
    assert fitted[0].click_rate == fitted[1].click_rate


def losses(rows: EncodedRows) -> float:
    """The loss of an epoch, summed over its batches, of scores that follow from the features."""
    batches = Batches(rows, None, size=256, seed=1)
    epoch = batches.epochs()
    parts = []
    for _ in range(len(batches)):
        batch = next(epoch)
        logits = np.tanh(batch.inputs["numeric"]).sum(axis=1) - 1
        loss = np.logaddexp(0, logits) - batch.click_rate[:, 0] * logits
        parts.append((batch.weight @ loss) / batch.whole * len(batch.weight) / len(rows))
    return float(np.sum(parts))


def test_the_loss_is_that_of_an_impression(logs: Logs, tmp_path: Path) -> None:
    found = [losses(encoded(log, tmp_path / name)) for name, log in vars(logs).items()]
    assert found[0] == pytest.approx(found[1], rel=1e-5)


def test_metrics_and_calibration_are_the_same(logs: Logs, tmp_path: Path) -> None:
    values, scalings = [], []
    for name, log in vars(logs).items():
        rows = encoded(log, tmp_path / name)
        logits = np.tanh(rows.numeric.astype(np.float64)).sum(axis=1) - 1
        clicks, shown = (array.astype(np.float64) for array in (rows.clicks, rows.impressions))
        ordered, _ = Scored(clicks, shown, 1 / (1 + np.exp(-logits))).by_score()
        found = metrics(ordered)
        # a bin of the calibration error may end within an aggregated row
        del found["ece"]
        values.append(found)
        scalings.append(fit_calibration(logits, clicks, shown).model_dump())
    assert values[0] == pytest.approx(values[1], rel=1e-9)
    assert scalings[0] == pytest.approx(scalings[1], rel=1e-5)


def test_drift_is_judged_on_the_same_impressions(logs: Logs) -> None:
    frames = [sample_frame(log, log.everything(), 100_000) for log in vars(logs).values()]
    for column in frames[0]:
        counts = [frame[column].value_counts(dropna=False).to_dict() for frame in frames]
        assert counts[0] == counts[1]


@pytest.mark.parametrize("most", [60, 500])
def test_a_sample_of_aggregated_rows_has_their_shares(logs: Logs, most: int) -> None:
    log = logs.aggregated
    frame = sample_frame(log, log.everything(), most)
    assert len(frame) == most
    assert frame[CLICKED].mean() == pytest.approx(log.months[0].click_rate, abs=2 / most**0.5)
    whole = sample_frame(log, log.everything(), 100_000)
    for site, share in whole["site"].value_counts(normalize=True).items():
        assert (frame["site"] == site).mean() == pytest.approx(share, abs=1 / most**0.5)


def test_statistics_are_the_same(logs: Logs) -> None:
    one, other = (describe_month(log, "2024-01") for log in (logs.single, logs.aggregated))
    assert (one.impressions_by_day, one.clicks_by_hour) == (
        other.impressions_by_day,
        other.clicks_by_hour,
    )
    assert one.text == {
        name: column.model_copy(
            update={"missing": one.text[name].missing, "defaults": one.text[name].defaults}
        )
        for name, column in other.text.items()
    }
