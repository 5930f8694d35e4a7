"""Training the click model on months of an ad log."""

from __future__ import annotations

import logging
import tempfile
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import tensorflow as tf

from adclick.adlog import AdLog
from adclick.arrays import UInt8
from adclick.encoding.encoder import FeatureEncoder
from adclick.errors import AdclickError
from adclick.model.calibration import Calibration, Method, fit_calibration, fit_weight
from adclick.model.click_model import ClickModel
from adclick.model.head import build_head
from adclick.model.seeds import Seeds
from adclick.model.tower import build_tower
from adclick.model.visual import weigh
from adclick.splitting import Split
from adclick.training.batches import Batches
from adclick.training.checkpoints import Checkpoints
from adclick.training.devices import Devices, find_devices
from adclick.training.encoded_rows import (
    EncodedRows,
    Sampling,
    by_new_creatives,
    encode_rows,
    with_offset,
)
from adclick.training.fit import fit
from adclick.training.network import join, join_visual
from adclick.training.options import TrainingOptions
from adclick.training.row_logits import row_logits
from adclick.training.stacking import stack
from adclick.training.trained import Trained
from adclick.training.warm_start import WarmStart, carry_over

logger = logging.getLogger(__name__)


def train(
    log: AdLog,
    split: Split,
    encoder: FeatureEncoder,
    options: TrainingOptions,
    store: str | None = None,
    start: WarmStart | None = None,
) -> Trained:
    """Fit head and tower on the training rows, stop and calibrate by the calibration rows.

    The network over the columns comes first; then tower and visual part are fitted to what it
    leaves unexplained, in batches that bring many impressions of each image.
    With a `store` (path or fsspec URL) each epoch is kept there, and a training that was killed
    goes on after its last one. A `start` is a former model to begin with. The same log, split,
    options and start give the same weights on a CPU.

    All devices that the process sees take part, and where TF_CONFIG names several workers, all of
    them: each calls this with the same arguments and gets an equal model. Raises AdclickError when
    the training rows have no click or nothing but clicks, when there is no row to calibrate by, or
    when a worker is lost.
    """
    tf.config.experimental.enable_op_determinism()
    devices = find_devices()
    is_writer = devices.cluster.place == 0
    checkpoints = None
    if store:
        parts = [part.model_dump_json() for part in (log, split, encoder, options)]
        if start:
            parts += [start.model.fingerprint, start.encoder.model_dump_json()]
        checkpoints = Checkpoints.of(store, parts, is_writer)
    table = log.creatives()
    images = table.images if table else None
    with tempfile.TemporaryDirectory(prefix="adclick-training-") as folder:
        sampling = None
        if options.unclicked_share < 1:
            sampling = Sampling(options.unclicked_share, options.seed)
        rows = encode_rows(log, split.training, encoder, Path(folder) / "training", sampling)
        later = encode_rows(log, split.calibration, encoder, Path(folder) / "calibration")
        _refuse_hopeless(rows, later, split)
        with devices.naming_lost_workers():
            with devices.strategy.scope():
                model = _untrained(rows.click_rate, images, encoder, split, options)
                begun_with = _begin(start, model, encoder) if start else None
            losses = _fit_columns(model, rows, later, options, devices, checkpoints)
            stack(model.tabular, rows, later, encoder.slot_counts)
            if images is not None:
                rows = with_offset(rows, model.tabular.logits, Path(folder) / "training")
                later = with_offset(later, model.tabular.logits, Path(folder) / "calibration")
                losses += _fit_images(model, rows, later, images, options, devices, checkpoints)
        finished = _finished(model, rows, later, images, options.calibration)
    if checkpoints:
        checkpoints.clear()
    return Trained(finished, losses, begun_with)


def _fit_columns(
    model: ClickModel,
    rows: EncodedRows,
    later: EncodedRows,
    options: TrainingOptions,
    devices: Devices,
    checkpoints: Checkpoints | None,
) -> tuple[float, ...]:
    """Fit the network over the columns: the whole model where there are no images."""
    twin = model.tabular
    with devices.strategy.scope():
        network = join(None, twin.head)
    batches = Batches(rows, None, options.batch_size, options.seed, devices.shares)
    loss = partial(_later_loss, twin, later, None, devices)
    kept = checkpoints.at("columns") if checkpoints else None
    return fit(network, batches, loss, options, devices.strategy, kept, options.compute)


def _fit_images(
    model: ClickModel,
    rows: EncodedRows,
    later: EncodedRows,
    images: UInt8,
    options: TrainingOptions,
    devices: Devices,
    checkpoints: Checkpoints | None,
) -> tuple[float, ...]:
    """Fit tower and visual part to what the columns' logits, the rows' offsets, leave over."""
    wanted = options.images
    with devices.strategy.scope():
        network = join_visual(model.tower, model.head, options.seed if wanted.mirrored else None)
    run = wanted.impressions_an_image
    size = run * wanted.images_a_batch
    batches = Batches(rows, images, size, options.seed, devices.shares, run)
    loss = partial(_later_loss, model, by_new_creatives(later, rows), images, devices)
    kept = checkpoints.at("images") if checkpoints else None
    # batches of images differ in shape, and XLA would compile each shape anew
    compute = options.compute.model_copy(update={"xla": False})
    return fit(network, batches, loss, wanted, devices.strategy, kept, compute)


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
    tower, seeds = None, Seeds(options.seed)
    numeric = len(encoder.numeric)
    head = build_head(
        encoder.slot_counts,
        numeric,
        images is not None,
        click_rate,
        options.model,
        seeds,
        texts=len(encoder.text),
    )
    if images is not None:
        _, height, width, channels = images.shape
        tower = build_tower((height, width, channels), options.model, seeds)
    fallback = np.zeros(options.model.embedding, np.float32)
    return ClickModel(head, tower, fallback, Calibration(), split.training.months)


def _begin(start: WarmStart, model: ClickModel, encoder: FeatureEncoder) -> str:
    anew = carry_over(start, model, encoder)
    begun_with = f"{start.version}; new are {', '.join(anew) or 'no values'}"
    logger.info("begun with %s", begun_with)
    return begun_with


def _later_loss(
    model: ClickModel, later: EncodedRows, images: UInt8 | None, devices: Devices
) -> float:
    """The logloss on rows later than those trained on, of which each worker scores its part."""
    part = later.part(devices.cluster.place, devices.cluster.workers)
    total, weight = np.zeros(0), np.zeros(0, np.float32)
    if len(part):
        logits = row_logits(model, part, images).astype(np.float64)
        weight = part.impressions
        total = weight * np.logaddexp(0, logits) - part.clicks * logits
    loss, shown = devices.total(np.array([total.sum(), weight.sum(dtype=np.float64)]))
    return float(loss / shown)


def _finished(
    model: ClickModel,
    rows: EncodedRows,
    later: EncodedRows,
    images: UInt8 | None,
    method: Method,
) -> ClickModel:
    """The model with what is fitted after its weights: fallback, picture's weight, calibration."""
    if images is not None:
        seen = np.unique(rows.creative)
        model = replace(model, fallback=model.embed(images, seen).mean(axis=0))
    clicks, shown = np.asarray(later.clicks), np.asarray(later.impressions)
    if not 0 < clicks.sum() < shown.sum():
        return model
    logits = row_logits(model, later, images)
    if later.offset is not None:
        # few pictures were learned from: what they seem to be worth is too much, or mere noise
        picture = logits - later.offset
        judged = by_new_creatives(later, rows)
        weight = fit_weight(
            later.offset, picture, np.asarray(judged.clicks), np.asarray(judged.impressions)
        )
        logger.info("pictures count %.2f of what training made of them", weight)
        weigh(model.head.get_layer("visual"), weight)
        blind = fit_calibration(later.offset, clicks, shown, method)
        model = replace(model, tabular_calibration=blind)
        logits = later.offset + weight * picture
    calibration = fit_calibration(logits, clicks, shown, method)
    return replace(model, calibration=calibration)
