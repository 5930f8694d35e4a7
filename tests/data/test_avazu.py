"""A real log: impressions of the Avazu competition, where they are at hand."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from adclick.adlog import AdLog
from adclick.encoding.candidate import parse_candidates
from adclick.encoding.fit import fit_encoder
from adclick.encoding.requests import features, request_rows
from adclick.ingest.ingest import ingest
from adclick.ingest.sources import find_source
from adclick.schema import load_schema
from adclick.splitting import SplitOptions, split_by_time

ROOT = Path(__file__).parents[2]
AVAZU = ROOT / "../shared/data/avazu"

pytestmark = pytest.mark.skipif(
    not (AVAZU / "train.csv").is_file(), reason="no ../shared/data/avazu/train.csv on this machine"
)


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> AdLog:
    schema = load_schema(ROOT / "configs/schemas/avazu.yaml")
    source = find_source(str(AVAZU.resolve()), schema)
    return ingest(source, schema, str(tmp_path_factory.mktemp("avazu")))


@pytest.fixture(scope="module")
def written() -> list[dict[str, str]]:
    with (AVAZU / "train.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_every_row_is_kept(log: AdLog, written: list[dict[str, str]]) -> None:
    (month,) = log.months
    assert (month.rows_kept, month.rows_quarantined) == (len(written), 0)
    assert month.clicks == sum(row["click"] == "1" for row in written)
    assert month.month == "2014-10"


def test_every_column_is_declared(log: AdLog) -> None:
    assert log.undeclared_columns == ()


def test_times_are_hours(log: AdLog, written: list[dict[str, str]]) -> None:
    times = log.table(log.everything(), ["hour"]).column("hour").to_pylist()
    assert [f"{time:%y%m%d%H}" for time in times] == [row["hour"] for row in written]


def test_a_quarter_of_the_ids_is_held_out(log: AdLog) -> None:
    split = split_by_time(log, SplitOptions())
    rows = [
        log.table(part, ["id"]).num_rows for part in (split.training, split.calibration, split.test)
    ]
    total = sum(rows)
    assert total == log.months[0].rows_kept
    assert [count / total for count in rows] == pytest.approx([0.65, 0.1, 0.25], abs=0.02)


def test_a_row_is_encoded_like_the_request_for_it(log: AdLog) -> None:
    encoder = fit_encoder(log, split_by_time(log, SplitOptions()).training)
    rows = request_rows(log, log.everything(), 200)
    candidates = parse_candidates(log.ad_schema, [features(log.ad_schema, row) for row in rows])
    chosen = {row["id"] for row in rows}
    table = log.table(log.everything())
    mask = np.array([identity in chosen for identity in table.column("id").to_pylist()])
    np.testing.assert_array_equal(
        encoder.encode(table.filter(mask)).categorical,
        encoder.encode_candidates(candidates).categorical,
    )
