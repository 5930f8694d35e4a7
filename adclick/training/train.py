"""Training the click model on months of an ad log."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from adclick.adlog import AdLog
from adclick.arrays import Float32, UInt8
from adclick.encoding.encoder import FeatureEncoder
from adclick.errors import AdclickError
from adclick.model.calibration import Calibration, fit_calibration
from adclick.model.click_model import ClickModel
from adclick.model.head import build_head
from adclick.model.tower import build_tower
from adclick.splitting import Split
from adclick.training.batches import Batch, Batches
from adclick.training.encoded_rows import EncodedRows, encode_rows
from adclick.training.network import join
from adclick.training.options import TrainingOptions
from adclick.training.trained import Trained


def train(log: AdLog, split: Split, encoder: FeatureEncoder, options: TrainingOptions) -> Trained:
    """Fit towers and head on the training rows, stop and calibrate by the calibration rows.

    The same log, split and options give the same weights on a CPU. Raises AdclickError when the
    training rows have no click or nothing but clicks, or when there is no row to calibrate by.
    """
    keras.utils.set_random_seed(options.seed)
    tf.config.experimental.enable_op_determinism()
    table = log.creatives()
    images = table.images if table else None
    with tempfile.TemporaryDirectory(prefix="adclick-training-") as folder:
        rows = encode_rows(log, split.training, encoder, Path(folder) / "training")
        later = encode_rows(log, split.calibration, encoder, Path(folder) / "calibration")
        _refuse_hopeless(rows, later, split)
        model = _untrained(rows.click_rate, images, encoder, split, options)
        losses = _fit(model, rows, later, images, options)
        return Trained(_finished(model, rows, later, images), losses)


def _refuse_hopeless(rows: EncodedRows, later: EncodedRows, split: Split) -> None:
    if not len(rows) or not 0 < rows.click_rate < 1:
        raise AdclickError(
            f"training rows ({split.training.describe()}): {len(rows):,} rows with "
            f"{int(rows.clicks.sum()):,} clicks; both clicks and no-clicks are needed"
        )
    if not len(later):
        raise AdclickError(f"no row to calibrate by in {split.calibration.describe()}")


def _untrained(
    click_rate: float,
    images: UInt8 | None,
    encoder: FeatureEncoder,
    split: Split,
    options: TrainingOptions,
) -> ClickModel:
    tower = None
    if images is not None:
        _, height, width, channels = images.shape
        tower = build_tower((height, width, channels), options.model)
    numeric = len(encoder.numeric)
    head = build_head(encoder.slot_counts, numeric, tower is not None, click_rate, options.model)
    fallback = np.zeros(options.model.image_dimensions, np.float32)
    return ClickModel(head, tower, fallback, Calibration(), split.training.months)


def _fit(
    model: ClickModel,
    rows: EncodedRows,
    later: EncodedRows,
    images: UInt8 | None,
    options: TrainingOptions,
) -> tuple[float, ...]:
    network = join(model.tower, model.head)
    network.compile(
        keras.optimizers.Adam(options.learning_rate),
        keras.losses.BinaryCrossentropy(from_logits=True),
    )
    batches = Batches(rows, images, options.batch_size, options.seed)
    judge = _LaterLoss(model, later, images)
    stop = keras.callbacks.EarlyStopping(
        _LaterLoss.NAME, patience=options.patience, mode="min", restore_best_weights=True
    )
    network.fit(
        _dataset(batches),
        epochs=options.epochs,
        steps_per_epoch=len(batches),
        callbacks=[judge, stop],
        shuffle=False,
        verbose=0,
    )
    return tuple(judge.losses)


class _LaterLoss(keras.callbacks.Callback):
    """After each epoch, the logloss on rows later than those trained on."""

    NAME = "later_logloss"

    def __init__(self, model: ClickModel, later: EncodedRows, images: UInt8 | None) -> None:
        super().__init__()
        self._click_model, self._later, self._images = model, later, images
        self.losses: list[float] = []

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        logits = _logits(self._click_model, self._later, self._images).astype(np.float64)
        clicks, shown = self._later.clicks, self._later.impressions
        total = shown * np.logaddexp(0, logits) - clicks * logits
        self.losses.append(float(total.sum() / shown.sum()))
        if logs is not None:
            logs[self.NAME] = self.losses[-1]


def _dataset(batches: Batches) -> Any:
    """The batches as tf.data, so that the next one is gathered while the last one trains."""

    def generate() -> Iterator[tuple[Any, ...]]:
        for batch in batches.epochs():
            yield _as_tuple(batch)

    signature = tf.nest.map_structure(
        lambda part: tf.TensorSpec((None, *part.shape[1:]), part.dtype),
        _as_tuple(next(batches.epochs())),
    )
    return tf.data.Dataset.from_generator(generate, output_signature=signature).prefetch(2)


def _as_tuple(batch: Batch) -> tuple[Any, ...]:
    return batch.inputs, batch.click_rate, batch.weight


def _logits(model: ClickModel, rows: EncodedRows, images: UInt8 | None) -> Float32:
    if images is None:
        return model.logits(rows.encoded, None)
    distinct, which = np.unique(rows.creative, return_inverse=True)
    return model.logits(rows.encoded, model.embed(images[distinct])[which])


def _finished(
    model: ClickModel, rows: EncodedRows, later: EncodedRows, images: UInt8 | None
) -> ClickModel:
    """The model with the fallback embedding and the calibration that go with its weights."""
    if images is not None:
        seen = np.unique(rows.creative)
        model = replace(model, fallback=model.embed(images[seen]).mean(axis=0))
    clicks, shown = np.asarray(later.clicks), np.asarray(later.impressions)
    if not 0 < clicks.sum() < shown.sum():
        return model
    calibration = fit_calibration(_logits(model, later, images), clicks, shown)
    return replace(model, calibration=calibration)
