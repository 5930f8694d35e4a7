from __future__ import annotations

from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from adclick.adlog import CLICKS, AdLog, RowSelection
from adclick.arrays import UInt8
from adclick.encoding.encoder import FeatureEncoder
from adclick.splitting import Split
from adclick.training.batches import BLOCK, RUN, Batches, Part, Shares, creative_runs, gather
from adclick.training.encoded_rows import (
    LEAST_CLICKS,
    EncodedRows,
    by_new_creatives,
    encode_rows,
)
from adclick.training.fit import dataset
from tests.batches import Batch, batches_of, epochs


def rows_of(creatives: list[int]) -> EncodedRows:
    """Rows that can be told apart by their one category."""
    n = len(creatives)
    return EncodedRows(
        categorical=np.arange(n, dtype=np.int32)[:, np.newaxis],
        numeric=np.zeros((n, 1), np.float32),
        creative=np.array(creatives, np.int32),
        impressions=np.full(n, 4, np.float32),
        clicks=np.ones(n, np.float32),
    )


def gathered(rows: EncodedRows, images: UInt8 | None) -> Batch:
    """All rows as a batch."""
    (batch,) = batches_of(gather(rows, [Part(np.arange(len(rows)), len(rows))], images))
    return batch


IMAGES = np.arange(5 * 2 * 2 * 3, dtype=np.uint8).reshape(5, 2, 2, 3)
CREATIVES = st.lists(st.integers(0, 4), min_size=1, max_size=200)


def test_later_rows_count_where_their_creative_is_new() -> None:
    later = rows_of([0, 1] * LEAST_CLICKS)
    judged = by_new_creatives(later, rows_of([0, 2, 2]))
    assert judged.impressions.reshape(-1, 2).tolist() == [[0, 4]] * LEAST_CLICKS
    assert judged.clicks.reshape(-1, 2).tolist() == [[0, 1]] * LEAST_CLICKS


def test_later_rows_all_count_where_few_clicked_on_what_is_new() -> None:
    later = rows_of([0] * LEAST_CLICKS + [1] * (LEAST_CLICKS - 1))
    assert by_new_creatives(later, rows_of([0, 2, 2])) is later


@given(CREATIVES, st.integers(0, 9))
def test_runs_hold_every_row_once(creatives: list[int], seed: int) -> None:
    runs = creative_runs(rows_of(creatives), np.random.default_rng(seed))
    assert sorted(np.concatenate(runs).tolist()) == list(range(len(creatives)))


@given(CREATIVES, st.integers(0, 9))
def test_a_run_shares_one_creative_and_is_bounded(creatives: list[int], seed: int) -> None:
    for run in creative_runs(rows_of(creatives), np.random.default_rng(seed)):
        assert 0 < len(run) <= RUN
        assert len({creatives[row] for row in run}) == 1


@given(CREATIVES, st.integers(32, 100))
def test_an_epoch_is_every_row_once_in_as_many_batches_as_promised(
    creatives: list[int], size: int
) -> None:
    batches = Batches(rows_of(creatives), IMAGES, size, seed=1)
    found = epochs(batches)
    for _ in range(3):
        rows = [row for batch in islice(found, len(batches)) for row in batch.inputs["categorical"]]
        assert sorted(int(row[0]) for row in rows) == list(range(len(creatives)))


def test_a_batch_is_about_as_large_as_asked_for() -> None:
    batches = Batches(rows_of([0] * 1000), IMAGES, 128, seed=1)
    sizes = [len(batch.weight) for batch in islice(epochs(batches), len(batches))]
    assert max(sizes) <= 128
    assert sum(sizes) == 1000


def test_epochs_differ_and_a_seed_repeats_them() -> None:
    def order(seed: int) -> list[list[int]]:
        batches = Batches(rows_of([0, 1, 2] * 50), IMAGES, 64, seed)
        found = islice(epochs(batches), 2 * len(batches))
        return [batch.inputs["categorical"].ravel().tolist() for batch in found]

    assert order(1) == order(1) != order(2)
    first = order(1)
    assert first[: len(first) // 2] != first[len(first) // 2 :]


@given(CREATIVES)
def test_each_impression_finds_its_image_and_no_image_comes_twice(creatives: list[int]) -> None:
    batch = gathered(rows_of(creatives), IMAGES)
    images, which = batch.inputs["images"], batch.inputs["which"]
    np.testing.assert_array_equal(images[which], IMAGES[creatives])
    assert len(images) == len(set(creatives))


@given(st.lists(CREATIVES, min_size=1, max_size=4))
def test_batches_gathered_at_once_are_those_gathered_alone(creatives: list[list[int]]) -> None:
    rows = rows_of([creative for one in creatives for creative in one])
    ends = np.cumsum([len(one) for one in creatives])
    parts = [Part(found, len(found)) for found in np.split(np.arange(len(rows)), ends[:-1])]
    for part, together in zip(parts, batches_of(gather(rows, parts, IMAGES)), strict=True):
        (alone,) = batches_of(gather(rows, [part], IMAGES))
        for name, values in alone.inputs.items():
            np.testing.assert_array_equal(together.inputs[name], values)
        np.testing.assert_array_equal(together.click_rate, alone.click_rate)
        np.testing.assert_array_equal(together.weight, alone.weight)
        assert together.whole == alone.whole


@pytest.mark.parametrize("images", [IMAGES, None])
def test_a_step_is_given_the_batches_of_the_epochs(images: UInt8 | None) -> None:
    batches = Batches(rows_of([0, 1, 2, 3] * 200), images, 64, 1)
    count = max(BLOCK + 1, len(batches) + 1)
    given_to_steps = dataset(batches, tf.distribute.get_strategy()).take(count).as_numpy_iterator()
    for (inputs, *others), batch in zip(given_to_steps, epochs(batches), strict=False):
        assert inputs.keys() == batch.inputs.keys()
        for name, values in inputs.items():
            np.testing.assert_array_equal(values, batch.inputs[name])
        wanted = (batch.click_rate, batch.weight, np.float32(batch.whole))
        for found, values in zip(others, wanted, strict=True):
            np.testing.assert_array_equal(found, values)


def test_a_log_without_images_has_no_such_inputs() -> None:
    batch = gathered(rows_of([-1, -1]), None)
    assert set(batch.inputs) == {"categorical", "numeric"}


@given(CREATIVES, st.integers(1, 5))
def test_the_shares_of_a_batch_are_the_batch(creatives: list[int], of: int) -> None:
    rows = rows_of(creatives)
    whole = Batches(rows, IMAGES, 64, seed=1)
    parts = [Batches(rows, IMAGES, 64, seed=1, shares=Shares(i, 1, of)) for i in range(of)]
    together = zip(epochs(whole), *(epochs(part) for part in parts), strict=True)
    for batch, *shares in islice(together, 2 * len(whole)):
        counted = [row for s in shares for row in s.inputs["categorical"][s.weight > 0].tolist()]
        assert counted == batch.inputs["categorical"].tolist()
        assert {share.whole for share in shares} == {batch.whole} == {batch.weight.sum()}
        for share in shares:
            seen = {creatives[row] for row in share.inputs["categorical"].ravel()}
            assert len(share.inputs["images"]) == len(seen)


def test_a_worker_with_two_replicas_takes_two_shares_of_each_batch() -> None:
    rows = rows_of([0, 1, 2] * 50)
    second = epochs(Batches(rows, IMAGES, 64, seed=1, shares=Shares(2, 2, 4)))
    whole = epochs(Batches(rows, IMAGES, 64, seed=1))
    for batch in islice(whole, 3):
        found = [next(second).inputs["categorical"].ravel() for _ in range(2)]
        expected = np.array_split(batch.inputs["categorical"].ravel(), 4)[2:]
        assert [part.tolist() for part in found] == [part.tolist() for part in expected]


def test_an_aggregated_row_is_its_click_rate_weighted_by_impressions() -> None:
    batch = gathered(rows_of([0]), IMAGES)
    assert batch.click_rate.tolist() == [[0.25]]
    assert batch.weight.tolist() == [4]


@given(CREATIVES, st.integers(1, 9))
def test_the_parts_of_rows_are_the_rows(creatives: list[int], of: int) -> None:
    rows = rows_of(creatives)
    parts = [rows.part(index, of) for index in range(of)]
    assert (
        np.concatenate([part.categorical for part in parts]).tolist() == rows.categorical.tolist()
    )
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


@pytest.fixture(scope="module")
def encoded(
    sample_log: AdLog,
    sample_split: Split,
    sample_encoder: FeatureEncoder,
    tmp_path_factory: pytest.TempPathFactory,
) -> EncodedRows:
    folder = tmp_path_factory.mktemp("rows") / "new"
    return encode_rows(sample_log, sample_split.test, sample_encoder, folder)


def test_encoded_rows_are_those_of_the_encoder(
    sample_log: AdLog, sample_split: Split, sample_encoder: FeatureEncoder, encoded: EncodedRows
) -> None:
    table = sample_log.table(sample_split.test)
    expected = sample_encoder.encode(table)
    np.testing.assert_array_equal(encoded.categorical, expected.categorical)
    np.testing.assert_array_equal(encoded.numeric, expected.numeric)
    np.testing.assert_array_equal(encoded.clicks, table.column(CLICKS).to_numpy())


def test_encoded_rows_are_mapped_and_know_their_creatives(
    sample_log: AdLog, sample_split: Split, encoded: EncodedRows
) -> None:
    creatives = sample_log.creatives()
    assert creatives is not None
    shown = sample_log.table(sample_split.test, ["creative_id"]).column("creative_id").to_pylist()
    assert [creatives.ids[row] for row in encoded.creative] == shown
    assert isinstance(encoded.categorical, np.memmap)


def test_no_row_is_encoded_to_none(
    sample_log: AdLog, sample_encoder: FeatureEncoder, tmp_path: Path
) -> None:
    nothing = RowSelection(months=("1999-01",))
    rows = encode_rows(sample_log, nothing, sample_encoder, tmp_path)
    assert len(rows) == 0
    assert rows.encoded.categorical.shape == (0, len(sample_encoder.slot_counts))
