from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from adclick.model.calibration import Calibration
from adclick.model.click_model import IMAGE_BATCH, ClickModel
from adclick.model.head import build_head
from adclick.model.options import ModelOptions
from adclick.model.seeds import Seeds
from adclick.model.tower import build_tower
from adclick.training import encoded_rows
from adclick.training.encoded_rows import EncodedRows
from adclick.training.row_logits import row_logits

SHAPE, SLOTS, COUNT = (12, 14, 3), (3, 4), 1000
CREATIVES = 2 * IMAGE_BATCH


class Disk(np.ndarray):
    """Images on a disk, and how many of them were read at once."""

    most = 0

    def __getitem__(self, key: Any) -> Any:
        found = super().__getitem__(key)
        Disk.most = max(Disk.most, len(found))
        return found


@pytest.fixture(scope="module")
def model() -> ClickModel:
    options, seeds = ModelOptions(hidden_units=(8,)), Seeds(1)
    head = build_head(SLOTS, 1, True, 0.1, options, seeds)
    # what the picture says is nothing at first
    head.set_weights([w + 0.1 for w in head.get_weights()])
    fallback = np.zeros(options.embedding, np.float32)
    return ClickModel(head, build_tower(SHAPE, options, seeds), fallback, Calibration(), ())


@pytest.fixture(scope="module")
def rows() -> EncodedRows:
    generator = np.random.default_rng(0)
    slots = [generator.integers(0, n, COUNT, np.int32) for n in SLOTS]
    return EncodedRows(
        categorical=np.stack(slots, axis=1),
        numeric=generator.normal(size=(COUNT, 1)).astype(np.float32),
        creative=generator.integers(0, CREATIVES, COUNT, np.int32),
        impressions=np.ones(COUNT, np.float32),
        clicks=np.zeros(COUNT, np.float32),
    )


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (CREATIVES, *SHAPE), np.uint8)


def test_each_row_has_the_logit_that_its_own_picture_gives(
    model: ClickModel, rows: EncodedRows, images: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encoded_rows, "CHUNK", 300)
    at_once = model.logits(rows.encoded, model.embed(images)[rows.creative])
    assert np.std(at_once) > 0.01
    np.testing.assert_allclose(row_logits(model, rows, images), at_once, rtol=1e-5, atol=1e-6)
    blind = model.logits(rows.encoded, model.embed(images[:1])[np.zeros(COUNT, int)])
    assert np.abs(at_once - blind).max() > 0.001


def test_no_more_than_a_batch_of_pictures_is_read_at_once(
    model: ClickModel, rows: EncodedRows, images: np.ndarray
) -> None:
    row_logits(model, rows, images.view(Disk))
    assert 0 < Disk.most <= IMAGE_BATCH


def test_without_pictures_the_columns_give_it(rows: EncodedRows, model: ClickModel) -> None:
    twin = model.tabular
    np.testing.assert_array_equal(row_logits(twin, rows, None), twin.logits(rows.encoded, None))
