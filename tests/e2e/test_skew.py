"""Training-serving skew: requests that a server answered, against what is ingested for them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc_csv
import pytest
import requests

from adclick.adlog import AdLog, CreativeTable
from adclick.feedback.join import join_labels
from adclick.feedback.months import write_months
from adclick.feedback.options import FeedbackOptions
from adclick.feedback.predictions import LabelledPredictions, read_labelled
from adclick.ingest.ingest import ingest
from adclick.ingest.sources import find_source
from adclick.monitoring.checks import DriftChecks
from adclick.monitoring.figure import findings
from adclick.monitoring.skew import skew_figures
from adclick.monitoring.verdict import Finding, judge, worst_first
from tests.bundles import CREATIVES, SITES, example
from tests.hosts import Server, running
from tests.servers import wait_until

BATCHES, CANDIDATES = 12, 50
MONTHS = ("2024-04", "2024-05")
CHECKS = DriftChecks()
LATER = datetime.now(UTC) + timedelta(days=2)
PIXELS = np.random.default_rng(5).integers(0, 256, (len(CREATIVES), 8, 8, 3), np.uint8)


@dataclass(frozen=True)
class Answered:
    """What a server logged, and the months that were written and ingested from it."""

    server: Server
    predictions: LabelledPredictions
    months: Path
    log: AdLog


@pytest.fixture(scope="module")
def answered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Answered]:
    folder = tmp_path_factory.mktemp("skew")
    with running(folder, workers=1) as server:
        ask(server)
        total = BATCHES * CANDIDATES
        wait_until(lambda: logged(server).counts.told == total, "all feedback is logged")
        assert logged(server).counts.labelled == total
        root, schema = server.options.prediction_log, server.bundle.schema
        parts = join_labels(root, schema, window=timedelta(days=1), now=LATER)
        creatives = CreativeTable(CREATIVES, PIXELS)
        months = folder / "months"
        assert not write_months(parts, schema, creatives, str(months))
        log = ingested(months, server, folder / "log")
        yield Answered(server, logged(server), months, log)


def ask(server: Server) -> None:
    """Ask for different ads at different times, and tell of each whether it was clicked."""
    random = np.random.default_rng(0)
    for batch in range(BATCHES):
        request = f"request-{batch}"
        rows = [candidate(random, MONTHS[batch % 2]) for _ in range(CANDIDATES)]
        assert server.post({"jsonData": rows, "meta": {"puid": request}}).status_code == 200
        told = [
            {"request_id": request, "candidate": number, "clicked": int(number % 5 == 0)}
            for number in range(CANDIDATES)
        ]
        feedback = {"truth": {"jsonData": told}}
        url = f"{server.url}/api/v1.0/feedback"
        assert requests.post(url, json=feedback, timeout=10).status_code == 200


def candidate(random: np.random.Generator, month: str) -> dict[str, Any]:
    day, hour = random.integers(1, 29), random.integers(0, 24)
    return example(
        shown_at=f"{month}-{day:02d}T{hour:02d}:00:00",
        creative=str(random.choice(CREATIVES)),
        site=str(random.choice(SITES)),
        age=int(random.integers(18, 80)),
        price=round(float(random.uniform(1, 9)), 3),
        score=float(random.normal()),
    )


def logged(server: Server) -> LabelledPredictions:
    root, bundle = server.options.prediction_log, server.bundle
    return read_labelled(root, bundle.schema, bundle.version, FeedbackOptions(), LATER)


def ingested(months: Path, server: Server, store: Path) -> AdLog:
    schema = server.bundle.schema
    return ingest(find_source(str(months), schema), schema, str(store))


def compared(answered: Answered, log: AdLog) -> tuple[Finding, ...]:
    """What is found between the logged predictions and a log that was ingested since."""
    schema = answered.server.bundle.schema
    batches = log.batches(log.everything(), [schema.id, *schema.features])
    figures = skew_figures(batches, answered.predictions.table, schema, CHECKS)
    return findings(figures, {}, CHECKS, "predictions")


def test_what_a_server_logged_is_what_is_ingested(answered: Answered) -> None:
    """Through JSON, the server, its log, files and ingestion, to the last digit."""
    found = compared(answered, answered.log)
    assert {one.column for one in found} == set(answered.server.bundle.schema.features)
    assert {one.value for one in found} == {0.0}
    assert judge(found).verdict == "fine"


def test_a_column_that_differs_is_named_before_all_else(answered: Answered, tmp_path: Path) -> None:
    """In every tenth row of the files another price stands than was answered on."""
    months = tmp_path / "months"
    shutil.copytree(answered.months, months)
    for file in months.glob("*.csv"):
        rows = pc_csv.read_csv(file)
        prices = rows["price"].to_numpy().copy()
        prices[::10] *= 2
        place = rows.schema.get_field_index("price")
        pc_csv.write_csv(rows.set_column(place, "price", pa.array(prices)), file)
    found = compared(answered, ingested(months, answered.server, tmp_path / "log"))
    (differing,) = worst_first(found)
    assert (differing.check, differing.column) == ("skew", "price")
    assert differing.value == pytest.approx(0.1)
    assert judge(found).verdict == "stop"
