from __future__ import annotations

import random
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy.special import expit, logit

from adclick.encoding.encoder import Encoded
from adclick.encoding.words import TOKENS
from adclick.model.baseline import fit_baseline, load_baseline
from adclick.model.cross import Cross
from adclick.model.head import build_head
from adclick.model.options import ModelOptions
from adclick.model.seeds import Seeds
from adclick.model.text import build_text
from adclick.model.tower import build_tower
from adclick.model.visual import build_visual, weigh
from adclick.training.network import join, join_visual

OPTIONS = ModelOptions(hidden_units=(8,), tower_filters=(2, 3), image_dimensions=4, towers=1)
SLOTS = (5, 3)
SHAPE = (16, 20, 3)


def normal(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)


def inputs(n: int, images: bool = True) -> list[np.ndarray]:
    generator = np.random.default_rng(0)
    slots = np.stack([generator.integers(0, count, n) for count in SLOTS], axis=1)
    return [slots.astype(np.int32), normal(n, 2), *([normal(n, 4)] if images else [])]


def test_cross_is_its_formula() -> None:
    layer = Cross(rank=2)
    x0, x = normal(5, 4), normal(5, 4)[::-1]
    found = np.asarray(layer(x0, x))
    u, v, b = layer.get_weights()
    np.testing.assert_allclose(found, x0 * (x @ u @ v + b) + x, rtol=1e-5, atol=1e-6)


def test_cross_costs_2dr_and_d_parameters() -> None:
    layer = Cross(rank=2)
    layer(normal(1, 10), normal(1, 10))
    assert layer.count_params() == 2 * 10 * 2 + 10


def test_cross_is_rebuilt_from_its_configuration() -> None:
    assert Cross.from_config(Cross(rank=7).get_config()).rank == 7


@pytest.mark.parametrize("images", [True, False])
def test_a_head_gives_a_logit_for_each_row(images: bool) -> None:
    head = build_head(SLOTS, 2, images, 0.1, OPTIONS, Seeds(0))
    assert head(inputs(7, images)).shape == (7, 1)
    assert [part.name for part in head.inputs] == ["categorical", "numeric", "creative"][
        : 2 + images
    ]


def test_a_head_starts_at_the_click_rate() -> None:
    head = build_head(SLOTS, 2, True, 0.02, OPTIONS, Seeds(0))
    zeros = [np.zeros_like(part) for part in inputs(1)]
    assert float(head(zeros)[0, 0]) == pytest.approx(logit(0.02), abs=0.2)


def test_each_column_has_slots_of_its_own() -> None:
    head = build_head(SLOTS, 2, False, 0.1, OPTIONS, Seeds(0))
    head.get_layer("linear").set_weights([np.arange(8, dtype=np.float32)[:, np.newaxis] ** 2])
    head.get_layer("slots").set_weights([np.zeros((8, OPTIONS.embedding_dimensions), np.float32)])
    numbers = np.zeros((2, 2), np.float32)
    first, last = np.asarray(head([np.array([[0, 0], [4, 2]], np.int32), numbers])).ravel()
    assert last - first == pytest.approx((4**2 + 7**2) - (0**2 + 5**2), abs=1e-4)


def test_a_tower_embeds_uint8_images() -> None:
    tower = build_tower(SHAPE, OPTIONS, Seeds(0))
    images = np.random.default_rng(0).integers(0, 255, (3, *SHAPE), dtype=np.uint8)
    assert tower(images).shape == (3, 4)


def test_images_reach_a_tower_between_minus_1_and_1() -> None:
    tower = build_tower(SHAPE, OPTIONS, Seeds(0))
    scaled = keras.Model(tower.inputs, tower.layers[1].output)
    images = np.stack([np.full(SHAPE, value, np.uint8) for value in (0, 255)])
    assert np.unique(np.asarray(scaled([images]))).tolist() == [-1, 1]


def test_a_seed_makes_the_same_network_whoever_takes_random_numbers_meanwhile() -> None:
    """Libraries do: gcsfs for how long it waits when a bucket does not answer."""

    def weights(seed: int, taken: int) -> list[np.ndarray]:
        random.seed(taken)
        seeds = Seeds(seed)
        networks = (
            build_tower(SHAPE, OPTIONS, seeds),
            build_head(SLOTS, 2, True, 0.1, OPTIONS, seeds),
        )
        return [np.asarray(w) for network in networks for w in network.variables]

    once, again, other = weights(1, taken=1), weights(1, taken=2), weights(2, taken=1)
    assert all(np.array_equal(a, b) for a, b in zip(once, again, strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(once, other, strict=True))


def test_joined_each_impression_gets_its_creatives_embedding() -> None:
    tower, head = (
        build_tower(SHAPE, OPTIONS, Seeds(0)),
        build_head(SLOTS, 2, True, 0.1, OPTIONS, Seeds(0)),
    )
    images = np.random.default_rng(0).integers(0, 255, (2, *SHAPE), dtype=np.uint8)
    slots, numbers, _ = inputs(3)
    which = np.array([1, 0, 1], np.int32)
    joined = join(tower, head)(
        {"categorical": slots, "numeric": numbers, "images": images, "which": which}
    )
    apart = head([slots, numbers, np.asarray(tower(images))[which]])
    np.testing.assert_allclose(joined, apart, atol=1e-5)


def test_with_images_the_head_is_the_columns_part_plus_the_pictures() -> None:
    head = build_head(SLOTS, 2, True, 0.1, OPTIONS, Seeds(0))
    slots, numbers, creative = inputs(5)
    tabular = head.get_layer("tabular")([slots, numbers])
    visual = head.get_layer("visual")([slots, creative])
    np.testing.assert_allclose(head([slots, numbers, creative]), tabular + visual, atol=1e-6)


def test_a_picture_is_worth_its_embedding_times_what_the_context_makes_of_it() -> None:
    visual = build_visual(SLOTS, OPTIONS, Seeds(0))
    slots, _, creative = inputs(6)
    context = np.asarray(visual.get_layer("context").get_weights()[0])
    weights, bias = visual.get_layer("alone_0").get_weights()
    wishes = context[slots[:, 0]] + context[slots[:, 1] + SLOTS[0]]
    expected = creative @ weights + bias + (creative * wishes).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(visual([slots, creative]), expected, atol=1e-5)


TWO = OPTIONS.model_copy(update={"towers": 2})


def two_towers() -> tuple[keras.Model, keras.Model]:
    return build_tower(SHAPE, TWO, Seeds(0)), build_head(SLOTS, 2, True, 0.1, TWO, Seeds(0))


def test_a_picture_is_worth_what_its_towers_say_on_average() -> None:
    visual = build_visual(SLOTS, TWO, Seeds(0))
    slots, creative = inputs(6)[0], normal(6, 8)
    votes = keras.Model(visual.inputs, visual.get_layer("votes").output)
    said = np.asarray(votes([slots, creative]))
    assert said.shape == (6, 2)
    np.testing.assert_allclose(
        visual([slots, creative]), said.mean(axis=1, keepdims=True), atol=1e-6
    )
    other = creative.copy()
    other[:, 4:] = 0
    np.testing.assert_array_equal(np.asarray(votes([slots, other]))[:, 0], said[:, 0])


def test_each_tower_is_trained_as_if_it_were_alone() -> None:
    tower, head = two_towers()
    slots, numbers, _ = inputs(12)
    images = np.random.default_rng(0).integers(0, 255, (12, *SHAPE), dtype=np.uint8)
    batch = {"categorical": slots, "numeric": numbers, "images": images}
    batch |= {"which": np.arange(12, dtype=np.int32), "offset": np.zeros(12, np.float32)}
    network = join_visual(tower, head, mirror=None)

    def gradient() -> np.ndarray:
        with tf.GradientTape() as tape:
            logits = network(batch, training=False)
            wanted = np.ones(logits.shape, np.float32)
            loss = keras.losses.BinaryCrossentropy(from_logits=True)(wanted, logits)
        assert logits.shape == (12, 2)
        return np.asarray(tape.gradient(loss, tower.get_layer("embedding_0").kernel))

    before = gradient()
    assert np.abs(before).max() > 0
    shaken = tower.get_layer("embedding_1")
    shaken.set_weights([weights + 1 for weights in shaken.get_weights()])
    np.testing.assert_allclose(gradient(), before, atol=1e-7)


def test_towers_differ_from_the_start() -> None:
    tower, _ = two_towers()
    images = np.random.default_rng(0).integers(0, 255, (3, *SHAPE), dtype=np.uint8)
    one, other = np.split(np.asarray(tower(images)), 2, axis=1)
    assert np.abs(one - other).min() > 0


def test_a_picture_can_be_made_to_count_less() -> None:
    visual = build_visual(SLOTS, OPTIONS, Seeds(0))
    slots, _, creative = inputs(6)
    whole = np.asarray(visual([slots, creative]))
    weigh(visual, 0.25)
    np.testing.assert_allclose(visual([slots, creative]), 0.25 * whole, atol=1e-6)


def test_training_on_pictures_leaves_the_columns_part_alone() -> None:
    tower = build_tower(SHAPE, OPTIONS, Seeds(0))
    head = build_head(SLOTS, 2, True, 0.1, OPTIONS, Seeds(0))
    slots, numbers, _ = inputs(3)
    network = join_visual(tower, head, mirror=None)
    trained = {id(w) for w in network.trainable_variables}
    assert trained == {
        id(w) for part in (tower, head.get_layer("visual")) for w in part.trainable_variables
    }
    images = np.random.default_rng(0).integers(0, 255, (2, *SHAPE), dtype=np.uint8)
    which = np.array([1, 0, 1], np.int32)
    offset = np.asarray(head.get_layer("tabular")([slots, numbers])).ravel()
    batch = {"categorical": slots, "numeric": numbers, "images": images, "which": which}
    joined = network(batch | {"offset": offset})
    np.testing.assert_allclose(joined, join(tower, head)(batch), atol=1e-5)


def test_mirrored_images_are_seen_in_training_alone() -> None:
    tower = build_tower(SHAPE, OPTIONS, Seeds(0))
    head = build_head(SLOTS, 2, True, 0.1, OPTIONS, Seeds(0))
    slots, numbers, _ = inputs(16)
    images = np.random.default_rng(0).integers(0, 255, (16, *SHAPE), dtype=np.uint8)
    batch = {
        "categorical": slots,
        "numeric": numbers,
        "images": images,
        "which": np.arange(16, dtype=np.int32),
        "offset": np.zeros(16, np.float32),
    }
    network = join_visual(tower, head, mirror=1)
    seen = np.asarray(network(batch, training=True))
    mirrored = np.asarray(network(batch | {"images": images[:, :, ::-1]}, training=False))
    plain = np.asarray(network(batch, training=False))
    assert np.abs(mirrored - plain).max() > 1e-4
    np.testing.assert_array_equal(np.asarray(network(batch, training=False)), plain)
    assert np.abs(seen - plain).max() > 1e-4


def encoded(n: int) -> Encoded:
    slots, numbers = inputs(n, images=False)
    return Encoded(slots, numbers)


def test_the_baseline_learns_what_a_slot_and_a_number_are_worth() -> None:
    rows = encoded(20_000)
    eta = rows.categorical[:, 0] - 2.0 + rows.numeric[:, 1]
    clicks = (np.random.default_rng(1).random(len(eta)) < expit(eta)).astype(float)
    baseline = fit_baseline(rows, SLOTS, clicks, np.ones_like(clicks))
    steps = np.diff(baseline.slots[: SLOTS[0]])
    assert steps == pytest.approx([1, 1, 1, 1], abs=0.25)
    assert baseline.coefficients == pytest.approx([0, 1], abs=0.1)
    assert np.abs(baseline.predict(rows) - expit(eta)).mean() < 0.02
    assert baseline.click_rate == clicks.mean()


def test_the_baseline_counts_aggregated_rows_as_their_impressions() -> None:
    rows = encoded(200)
    shown = np.random.default_rng(1).integers(1, 5, 200).astype(float)
    clicks = np.floor(shown * np.random.default_rng(2).random(200))
    copies = np.repeat(np.arange(200), shown.astype(int))
    labels = np.concatenate([np.arange(s) < c for s, c in zip(shown, clicks, strict=True)])
    single = Encoded(rows.categorical[copies], rows.numeric[copies])
    summed = fit_baseline(rows, SLOTS, clicks, shown)
    expected = fit_baseline(single, SLOTS, labels.astype(float), np.ones(len(labels)))
    np.testing.assert_allclose(summed.predict(rows), expected.predict(rows), atol=1e-3)


def test_a_saved_baseline_predicts_the_same(tmp_path: Path) -> None:
    rows = encoded(100)
    clicks = (np.arange(100) % 3 == 0).astype(float)
    baseline = fit_baseline(rows, SLOTS, clicks, np.ones(100))
    baseline.save(tmp_path / "baseline.json")
    again = load_baseline(tmp_path / "baseline.json")
    np.testing.assert_array_equal(again.predict(rows), baseline.predict(rows))
    assert again.click_rate == baseline.click_rate


def test_a_texts_vector_is_the_mean_of_its_words() -> None:
    text = build_text(2, OPTIONS, Seeds(0))
    (table,) = text.get_layer("words_table").get_weights()
    words = np.zeros((2, 2 * TOKENS), np.int32)
    words[0, :3], words[0, TOKENS] = (7, 9, 9), 5
    found = np.asarray(text(words))
    expected = np.concatenate([(table[7] + 2 * table[9]) / 3, table[5]])
    np.testing.assert_allclose(found[0], expected, atol=1e-6)
    assert found[1].tolist() == [0.0] * (2 * OPTIONS.text_dimensions)


def test_words_come_after_the_slots_of_columns() -> None:
    head = build_head(SLOTS, 2, True, 0.1, OPTIONS, Seeds(0), texts=1)
    slots, numbers, creative = inputs(5)
    silent = np.concatenate([slots, np.zeros((5, TOKENS), np.int32)], axis=1)
    spoken = silent.copy()
    spoken[:, len(SLOTS)] = 3
    before, after = (np.asarray(head([rows, numbers, creative])) for rows in (silent, spoken))
    assert before.shape == (5, 1)
    assert np.abs(after - before).min() > 0
