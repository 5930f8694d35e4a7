"""Logged features against ingested ones: each difference counted, and nothing that is none."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from adclick.adlog import TIME, row_schema
from adclick.monitoring.checks import DriftChecks
from adclick.monitoring.figure import Figure
from adclick.monitoring.skew import skew_figures
from adclick.prediction_log import CANDIDATE, REQUEST
from tests.drifting import SCHEMA, world

ROWS = 400


@pytest.fixture
def logged() -> pa.Table:
    frame = world(0, ROWS)
    columns = {name: pa.array(frame[name]) for name in ("site", "device", "word", "bid", "age")}
    times = [f"2026-06-{1 + number % 28:02d}T05:00:00" for number in range(ROWS)]
    requests = [f"r{number // 2}" for number in range(ROWS)]
    candidates = [number % 2 for number in range(ROWS)]
    return pa.table({REQUEST: requests, CANDIDATE: candidates, "time": times, **columns})


def ingested(logged: pa.Table) -> pa.Table:
    ids = [f"r{number // 2}-{number % 2}" for number in range(ROWS)]
    times = pa.array(np.array(logged["time"].to_pylist(), "datetime64[us]"), TIME)
    columns = {name: logged[name] for name in ("site", "device", "word", "bid", "age")}
    return pa.table({"id": ids, "time": times, **columns})


def skew(log: pa.Table, logged: pa.Table) -> dict[str, float]:
    batches = log.take(np.random.default_rng(0).permutation(log.num_rows)).combine_chunks()
    found: list[Figure] = list(
        skew_figures(batches.to_batches(max_chunksize=64), logged, SCHEMA, DriftChecks())
    )
    return {str(figure.column): figure.value for figure in found}


def changed(table: pa.Table, name: str, column: pa.Array) -> pa.Table:
    return table.set_column(table.schema.get_field_index(name), name, column)


def test_the_same_features_are_no_skew(logged: pa.Table):
    assert set(skew(ingested(logged), logged)) == set(SCHEMA.features)
    assert set(skew(ingested(logged), logged).values()) == {0.0}
    assert row_schema(SCHEMA).field("time").type == TIME


def test_each_differing_cell_counts(logged: pa.Table):
    log = ingested(logged)
    bids, sites = log["bid"].to_numpy().copy(), log["site"].to_pylist()
    bids[:40] *= 100
    sites[:4] = ["elsewhere"] * 4
    log = changed(changed(log, "bid", pa.array(bids)), "site", pa.array(sites))
    found = skew(log, logged)
    assert found.pop("bid") == pytest.approx(0.1)
    assert found.pop("site") == pytest.approx(0.01)
    assert set(found.values()) == {0.0}


def test_what_is_only_rounded_or_left_out_is_no_skew(logged: pa.Table):
    log = ingested(logged)
    rounded = log["age"].to_numpy() * (1 + 1e-9)
    times = pa.array([None, *logged["time"].to_pylist()[1:]], pa.string())
    found = skew(changed(log, "age", pa.array(rounded)), changed(logged, "time", times))
    assert set(found.values()) == {0.0}


def test_a_time_in_another_zone_is_skew(logged: pa.Table):
    log = ingested(logged)
    times = log["time"].combine_chunks().cast(pa.int64()).to_numpy() + 3_600_000_000
    found = skew(changed(log, "time", pa.array(times).cast(TIME)), logged)
    assert found["time"] == 1.0


def test_requests_that_were_not_ingested_say_nothing(logged: pa.Table):
    assert skew(ingested(logged).slice(0, 60), logged) == {}
