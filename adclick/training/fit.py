"""Fitting the network by gradient descent, on one device or on many."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from adclick.training.batches import Batches, Block, Part, gather
from adclick.training.checkpoints import Checkpoint, Progress, values
from adclick.training.options import Compute, Descent
from adclick.training.precision import multiplying_in

log = logging.getLogger(__name__)

# how far apart the replicas' dropout seeds are
SEED_STRIDE = 1_000_003


def fit(
    network: keras.Model,
    batches: Batches,
    later_loss: Callable[[], float],
    options: Descent,
    strategy: Any,
    checkpoint: Checkpoint | None = None,
    compute: Compute | None = None,
) -> tuple[float, ...]:
    """Fit until `later_loss` stops falling; returns it after each epoch, leaves the best weights.

    Where steps decay the last weights are left: the best of many epochs is best by chance as well.
    With a `checkpoint` it goes on after the epoch that is kept there, as if it had never stopped,
    and keeps each of its own.

    This is not Keras' own `fit`: with several workers that averages a scalar over an axis that it
    does not have, and it reduces the replicas' first batches to one, which differ in shape. Source:
    keras/src/backend/tensorflow/trainer.py of 3.15, https://github.com/keras-team/keras/issues/20585
    """
    steps = len(batches)
    optimizer = adam(network, options, strategy, steps)
    variables = [*network.variables, *optimizer.variables]
    done = checkpoint.read() if checkpoint else None
    if done:
        for variable, value in zip(variables, done.variables, strict=True):
            variable.assign(value)
        log.info("going on after epoch %d", len(done.losses))
    losses = list(done.losses) if done else []
    best = done.best if done else values(network.weights)
    step = training_step(network, optimizer, strategy, compute)
    parts = iter(dataset(batches, strategy, first=len(losses)))
    while len(losses) < options.epochs and _epochs_since_best(losses) < max(options.patience, 1):
        for _ in range(steps):
            step(parts)
        losses.append(later_loss())
        log.info("epoch %d: logloss %.5f on later rows", len(losses), losses[-1])
        if options.decays or _epochs_since_best(losses) == 0:
            best = values(network.weights)
        if checkpoint:
            checkpoint.write(Progress(tuple(losses), values(variables), best))
    network.set_weights(list(best))
    return tuple(losses)


def _epochs_since_best(losses: Sequence[float]) -> int:
    return len(losses) - 1 - int(np.argmin(losses)) if losses else 0


def adam(network: keras.Model, options: Descent, strategy: Any, steps: int = 1) -> Any:
    """The optimizer of all the network's weights, where an epoch has so many `steps`."""
    with strategy.scope():
        optimizer = keras.optimizers.Adam(_learning_rate(options, steps))
        optimizer.build(network.trainable_variables)
    return optimizer


def training_step(
    network: keras.Model, optimizer: Any, strategy: Any, compute: Compute | None = None
) -> Callable[[Any], Any]:
    """A step of Adam with the next of an iterator over `dataset`; it returns each replica's loss.

    The loss is sum(weight * crossentropy) / whole plus the regularisers, over the whole batch: the
    parts of all replicas add up to what one replica would have had. `whole` is the average batch's
    weight, not this one's: impressions count alike, whether few or many fall into their batch.
    """
    how = compute or Compute()
    crossentropy = keras.losses.BinaryCrossentropy(from_logits=True, reduction="sum")
    _set_seeds_apart(network, strategy)

    def gradients(inputs: Any, click_rate: Any, weight: Any, whole: Any) -> Any:
        with tf.GradientTape() as tape:
            with multiplying_in(network, how.precision):
                logits = network(inputs, training=True)
            # of several logits for a row, each is judged, and the mean of their losses counts
            wanted = keras.ops.broadcast_to(click_rate, keras.ops.shape(logits))
            loss = crossentropy(wanted, logits, sample_weight=weight) / whole
            loss += tf.add_n(network.losses) / strategy.num_replicas_in_sync
        return loss, tape.gradient(loss, network.trainable_variables)

    if how.xla:
        gradients = tf.function(gradients, jit_compile=True)

    def on_replica(*batch: Any) -> Any:
        loss, found = gradients(*batch)
        # outside of what XLA compiles: replicas meet here
        optimizer.apply_gradients(zip(found, network.trainable_variables, strict=True))
        return loss

    def step(parts: Any) -> Any:
        # taken from the iterator in here, where the shapes are those of all batches, not of one
        return strategy.run(on_replica, args=next(parts))

    compiled: Callable[[Any], Any] = tf.function(step)
    return compiled


def _learning_rate(options: Descent, steps: int) -> Any:
    if not options.decays:
        return options.learning_rate
    whole = options.epochs * steps
    return keras.optimizers.schedules.CosineDecay(options.learning_rate, whole, alpha=0.05)


def dataset(batches: Batches, strategy: Any, first: int = 0) -> Any:
    """The batches as tf.data from epoch `first` on: the next are gathered while the last trains."""

    def generate() -> Iterator[tuple[Any, ...]]:
        for block in batches.blocks(first):
            yield _as_tuple(block)

    def spec(part: Any) -> tf.TensorSpec:
        return tf.TensorSpec((None, *part.shape[1:]), part.dtype)

    row = gather(batches.rows, [Part(np.arange(1), 1)], batches.images)
    signature = tf.nest.map_structure(spec, _as_tuple(row))

    def on_worker(_: Any) -> Any:
        blocks = tf.data.Dataset.from_generator(generate, output_signature=signature)
        # or each step would begin with asking all workers whether they have data left
        endless = tf.data.experimental.assert_cardinality(tf.data.INFINITE_CARDINALITY)
        parts = blocks.map(_cut).unbatch().apply(endless)
        return parts.prefetch(2 * batches.shares.count)

    return strategy.distribute_datasets_from_function(on_worker)


def _as_tuple(block: Block) -> tuple[Any, ...]:
    whole = block.whole.astype(np.float32)
    return block.inputs, block.click_rate, block.weight, whole, block.rows, block.images


def _cut(inputs: Any, click_rate: Any, weight: Any, whole: Any, rows: Any, images: Any) -> Any:
    """A block's tensors as ragged ones with a row for each batch, which tf.data takes apart."""

    def cut(values: Any, lengths: Any) -> Any:
        return tf.RaggedTensor.from_row_lengths(values, lengths, validate=False)

    inputs = {
        name: cut(values, images if name == "images" else rows) for name, values in inputs.items()
    }
    return inputs, cut(click_rate, rows), cut(weight, rows), whole


def _set_seeds_apart(network: keras.Model, strategy: Any) -> None:
    """Give each replica dropout masks of its own; the first keeps those of a single device."""
    states = [v for v in network.non_trainable_variables if v.path.endswith("generator_state")]

    def on_replica() -> None:
        replica = tf.distribute.get_replica_context().replica_id_in_sync_group
        for state in states:
            offset = tf.cast(replica, state.dtype) * SEED_STRIDE
            state.assign(state.value + tf.stack([offset, tf.zeros_like(offset)]))

    if strategy.num_replicas_in_sync > 1:
        tf.function(lambda: strategy.run(on_replica))()
