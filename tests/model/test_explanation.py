"""What a model goes by, found as it is."""

from __future__ import annotations

from dataclasses import replace

import keras
import numpy as np
import pytest

from adclick.adlog import AdLog
from adclick.encoding.encoder import Encoded, FeatureEncoder
from adclick.encoding.words import TextEncoding
from adclick.explanation.explain import explain
from adclick.explanation.explanation import Explanation
from adclick.explanation.importance import Labelled, groups_of, importances
from adclick.explanation.pictures import PLACES, Effects, effects_in, most_effective, occlusion
from adclick.model.click_model import ClickModel
from adclick.splitting import Split


@pytest.fixture(scope="module")
def explanation(
    sample_log: AdLog, sample_split: Split, sample_encoder: FeatureEncoder, trained: ClickModel
) -> Explanation:
    return explain(sample_log, sample_split, sample_encoder, trained)


def test_every_column_and_the_picture_is_a_group(
    explanation: Explanation, sample_log: AdLog
) -> None:
    schema = sample_log.ad_schema
    names = {one.group for one in explanation.importances}
    assert names == {*schema.categorical, *schema.numeric, "time", "picture"}
    losses = [one.logloss for one in explanation.importances]
    assert losses == sorted(losses, reverse=True)
    assert losses[0] > 0.002
    assert all(one.least <= one.logloss <= one.most for one in explanation.importances)


def test_groups_share_no_column_and_leave_none_out(sample_encoder: FeatureEncoder) -> None:
    encoder = sample_encoder.model_copy(update={"text": (TextEncoding(name="title"),)})
    groups = list(groups_of(encoder))
    slots = [slot for group in groups for slot in group.slots]
    numbers = [number for group in groups for number in group.numbers]
    assert sorted(slots) == list(range(encoder.width))
    assert sorted(numbers) == list(range(len(encoder.numeric)))


def test_a_column_that_clicks_hang_on_matters_and_no_other(
    sample_encoder: FeatureEncoder, trained: ClickModel
) -> None:
    """Clicks are drawn from the model itself; all columns but one are the same in each row."""
    random = np.random.default_rng(0)
    slots = np.zeros((4000, sample_encoder.width), np.int32)
    place = [one.name for one in sample_encoder.categorical].index("site")
    slots[:, place] = random.integers(0, sample_encoder.slot_counts[place], len(slots))
    encoded = Encoded(slots, np.zeros((len(slots), len(sample_encoder.numeric)), np.float32))
    embeddings = np.repeat(trained.fallback[np.newaxis], len(slots), 0)
    clicks = (random.random(len(slots)) < trained.predict(encoded, embeddings)).astype(float)
    rows = Labelled(encoded, embeddings, clicks, np.ones_like(clicks))
    first, *others = importances(trained, sample_encoder, rows)
    assert first.group == "site" and first.logloss > 1e-4
    assert [one.logloss for one in others] == pytest.approx([0] * len(others), abs=1e-9)


def test_effects_are_the_mean_over_contexts(
    trained: ClickModel, sample_encoder: FeatureEncoder, sample_log: AdLog, sample_split: Split
) -> None:
    slots = sample_encoder.encode(sample_log.table(sample_split.test)).categorical[:50]
    embedding = np.linspace(-1, 1, len(trained.fallback), dtype=np.float32)
    visual = trained.head.get_layer("visual")
    expected = np.mean(visual([slots, np.repeat([embedding], 50, 0)]))
    found = effects_in(trained, slots).of(embedding[np.newaxis])
    assert found == pytest.approx([expected], abs=1e-5)


def corner_model(trained: ClickModel) -> ClickModel:
    """A model that sees how bright the upper left 12 x 12 pixels are, and nothing else."""
    images = keras.Input((63, 75, 3), dtype="uint8")
    corner = keras.layers.Rescaling(1 / 255)(images)[:, :12, :12]
    mean = keras.layers.GlobalAveragePooling2D()(corner)
    return replace(trained, tower=keras.Model(images, mean), fallback=np.zeros(3, np.float32))


def test_covering_shows_what_the_tower_looks_at(trained: ClickModel) -> None:
    model, effects = corner_model(trained), Effects(np.ones(3), 0.0)
    image = np.zeros((63, 75, 3), np.uint8)
    image[:12, :12] = 255
    heat = occlusion(model, effects, image)
    assert heat.shape == (PLACES, PLACES)
    assert heat.argmax() == 0 and heat[0, 0] > 2
    np.testing.assert_allclose(heat[3:], 0, atol=1e-6)
    np.testing.assert_allclose(occlusion(model, effects, np.full_like(image, 7)), 0, atol=1e-6)


def test_ads_are_ranked_by_what_their_pictures_do(trained: ClickModel) -> None:
    model, effects = corner_model(trained), Effects(np.ones(3), 5.0)
    images = np.stack([np.full((63, 75, 3), 60 * i, np.uint8) for i in (2, 0, 3, 1)])
    found = most_effective(model, effects, ("b", "d", "a", "c"), images)
    assert [ad.creative for ad in found.highest] == ["a", "b"]
    assert [ad.creative for ad in found.lowest] == ["d", "c"]
    assert found.highest[0].effect == pytest.approx(-found.lowest[0].effect, abs=1e-5)
    assert found.highest[0].effect == pytest.approx(1.5 * 60 / 255 * 3, abs=1e-5)


def test_a_model_without_images_has_columns_alone(
    sample_log: AdLog, sample_split: Split, sample_encoder: FeatureEncoder, trained: ClickModel
) -> None:
    found = explain(sample_log, sample_split, sample_encoder, trained.tabular)
    assert found.pictures.count == 0
    assert "picture" not in {one.group for one in found.importances}
