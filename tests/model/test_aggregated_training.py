"""Training on aggregated rows: the loss and the gradients of the impressions they stand for."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from adclick.adlog import AdLog
from adclick.arrays import Float32
from adclick.encoding.fit import fit_encoder
from adclick.model.head import build_head
from adclick.model.options import ModelOptions
from adclick.model.seeds import Seeds
from adclick.splitting import SplitOptions, split_by_time
from adclick.training.batches import Batches
from adclick.training.encoded_rows import EncodedRows, encode_rows
from adclick.training.fit import adam, dataset, training_step
from adclick.training.network import join
from adclick.training.options import TrainingOptions
from tests.aggregated import single_and_aggregated
from tests.batches import epochs

OPTIONS = TrainingOptions(model=ModelOptions(dropout=0.0), learning_rate=1e-3)


@pytest.fixture(scope="module")
def encoded(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[EncodedRows], tuple[int, ...]]:
    """The training rows of both logs, by one encoder, and its slot counts."""
    folder = tmp_path_factory.mktemp("aggregated")
    logs = single_and_aggregated(folder)
    split = split_by_time(logs[0], SplitOptions())
    encoder = fit_encoder(logs[0], split.training)

    def rows(log: AdLog, place: Path) -> EncodedRows:
        return encode_rows(log, split.training, encoder, place)

    return [rows(log, folder / str(n)) for n, log in enumerate(logs)], encoder.slot_counts


def network(slots: tuple[int, ...], numeric: int) -> keras.Model:
    head = build_head(slots, numeric, False, 0.3, OPTIONS.model, Seeds(1))
    return join(None, head)


def loss_and_gradients(rows: EncodedRows, slots: tuple[int, ...]) -> tuple[float, list[Float32]]:
    """Of all rows as one batch, at the first weights."""
    model = network(slots, rows.numeric.shape[1])
    batches = Batches(rows, None, 32 * len(rows), OPTIONS.seed)
    batch = next(epochs(batches))
    with tf.GradientTape() as tape:
        logits = model(batch.inputs, training=True)
        crossentropy = keras.losses.BinaryCrossentropy(from_logits=True, reduction="sum")
        loss = crossentropy(batch.click_rate, logits, sample_weight=batch.weight) / batch.whole
    gradients = tape.gradient(loss, model.trainable_variables)
    return float(loss), [tf.convert_to_tensor(gradient).numpy() for gradient in gradients]


def test_loss_and_gradients_are_those_of_single_rows(
    encoded: tuple[list[EncodedRows], tuple[int, ...]],
) -> None:
    (single, aggregated), slots = encoded
    assert len(single) > 4 * len(aggregated)
    loss, gradients = loss_and_gradients(single, slots)
    again, others = loss_and_gradients(aggregated, slots)
    assert again == pytest.approx(loss, rel=1e-5)
    for one, other in zip(gradients, others, strict=True):
        assert other == pytest.approx(one, abs=1e-5)


def test_a_training_step_has_that_loss_plus_the_regularisers(
    encoded: tuple[list[EncodedRows], tuple[int, ...]],
) -> None:
    (single, aggregated), slots = encoded
    strategy = tf.distribute.get_strategy()
    losses = []
    for rows in (single, aggregated):
        model = network(slots, rows.numeric.shape[1])
        batches = Batches(rows, None, 32 * len(rows), OPTIONS.seed)
        step = training_step(model, adam(model, OPTIONS, strategy), strategy)
        losses.append(float(step(iter(dataset(batches, strategy)))))
    assert losses[1] == pytest.approx(losses[0], rel=1e-5)


def test_an_epochs_batches_weigh_impressions_alike(
    encoded: tuple[list[EncodedRows], tuple[int, ...]],
) -> None:
    (_, rows), _ = encoded
    batches = Batches(rows, None, 32, OPTIONS.seed)
    epoch = list(islice(epochs(batches), len(batches)))
    assert len(epoch) > 1
    a_row = {round(batch.whole / len(batch.weight), 9) for batch in epoch}
    assert len(a_row) == 1
    whole = sum(batch.whole for batch in epoch)
    assert whole == pytest.approx(float(np.sum([batch.weight.sum() for batch in epoch])))


def test_single_rows_weigh_one(encoded: tuple[list[EncodedRows], tuple[int, ...]]) -> None:
    (rows, _), _ = encoded
    assert rows.impressions_a_row == 1.0
    for batch in islice(epochs(Batches(rows, None, 64, 1)), 3):
        assert batch.whole == len(batch.weight)
