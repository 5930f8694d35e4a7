from __future__ import annotations

from dataclasses import replace

import keras
import numpy as np
import pytest
import tensorflow as tf

from adclick.arrays import Array
from adclick.model.head import build_head
from adclick.model.options import ModelOptions
from adclick.model.seeds import Seeds
from adclick.model.tower import build_tower
from adclick.training.batches import Batches
from adclick.training.encoded_rows import EncodedRows
from adclick.training.fit import adam, dataset, training_step
from adclick.training.network import join, join_visual
from adclick.training.options import Compute, TrainingOptions
from adclick.training.precision import multiplying_in

# without dropout: XLA draws other masks of the same seed
MODEL = ModelOptions(hidden_units=(8,), tower_filters=(2, 3), image_dimensions=4, dropout=0)
OPTIONS = TrainingOptions(learning_rate=1e-2, model=MODEL)
SLOTS, SHAPE, STEPS = (5, 3), (16, 20, 3), 6


@pytest.fixture(scope="module")
def rows() -> EncodedRows:
    generator = np.random.default_rng(0)
    slots = np.stack([generator.integers(0, count, 256) for count in SLOTS], axis=1)
    return EncodedRows(
        categorical=slots.astype(np.int32),
        numeric=generator.normal(size=(256, 2)).astype(np.float32),
        creative=generator.integers(0, 8, 256).astype(np.int32),
        impressions=np.ones(256, np.float32),
        clicks=(generator.random(256) < 0.3).astype(np.float32),
        offset=np.full(256, -1, np.float32),
    )


def networks(images: bool) -> tuple[keras.Model, keras.Model]:
    """The network that is trained and the head, which is kept."""
    seeds = Seeds(0)
    head = build_head(SLOTS, 2, True, 0.3, MODEL, seeds)
    tower = build_tower(SHAPE, MODEL, seeds)
    twin = head.get_layer("tabular")
    return (join_visual(tower, head, None), head) if images else (join(None, twin), head)


def trained(rows: EncodedRows, images: bool, compute: Compute) -> tuple[list[float], list[Array]]:
    """The losses of some steps, and the weights after them."""
    pictures = np.random.default_rng(1).integers(0, 255, (8, *SHAPE)).astype(np.uint8)
    network, head = networks(images)
    strategy = tf.distribute.get_strategy()
    step = training_step(network, adam(network, OPTIONS, strategy), strategy, compute)
    shown = rows if images else replace(rows, offset=None)
    parts = iter(dataset(Batches(shown, pictures if images else None, 64, 1), strategy))
    losses = [float(step(parts)) for _ in range(STEPS)]
    assert {weight.dtype for weight in network.trainable_variables} == {"float32"}
    assert {layer.dtype_policy.name for layer in network._flatten_layers()} == {"float32"}
    assert head.outputs[0].dtype == "float32"
    return losses, [np.asarray(weight) for weight in network.trainable_variables]


@pytest.mark.parametrize("images", [False, True])
def test_bfloat16_trains_about_as_float32_does(rows: EncodedRows, images: bool) -> None:
    losses, weights = trained(rows, images, Compute())
    found, other = trained(rows, images, Compute(precision="bfloat16"))
    assert found == pytest.approx(losses, abs=5e-3)
    # of a computation that had not changed all would be equal
    assert any(not np.array_equal(one, two) for one, two in zip(weights, other, strict=True))


def test_xla_computes_the_same_steps(rows: EncodedRows) -> None:
    losses, _ = trained(rows, False, Compute())
    compiled, _ = trained(rows, False, Compute(xla=True))
    assert compiled == pytest.approx(losses, abs=1e-4)


def test_only_what_multiplies_matrices_is_less_precise() -> None:
    network, _ = networks(images=True)
    inputs = {name: np.zeros((2, *spec.shape[1:])) for name, spec in network.input.items()}
    with multiplying_in(network, "bfloat16"):
        low = {
            layer.name for layer in network._flatten_layers() if layer.compute_dtype == "bfloat16"
        }
        assert network(inputs).dtype == tf.float32
    assert any(name.startswith("conv2d") for name in low)
    assert not low & {"alone_0", "alone_1", "context", "votes"}
    assert all(layer.compute_dtype == "float32" for layer in network._flatten_layers())
