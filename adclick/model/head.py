"""The head: encoded columns and a creative's embedding become the logit of a click."""

from __future__ import annotations

from collections.abc import Sequence

import keras
import numpy as np
from keras import layers

from adclick.model.cross import Cross
from adclick.model.options import ModelOptions
from adclick.model.seeds import Seeds
from adclick.model.slots import columns_of, slots_input
from adclick.model.text import build_text
from adclick.model.visual import build_visual


def build_head(
    slot_counts: Sequence[int],
    numeric: int,
    has_images: bool,
    click_rate: float,
    options: ModelOptions,
    seeds: Seeds,
    texts: int = 0,
) -> keras.Model:
    """The network over the columns, plus what the picture is worth where the log has images.

    Inputs: `categorical` int32 (n, C), at the end of it the words of so many `texts`, `numeric`
    float32 (n, D) and, with images, `creative` float32 (n, E). Output: logits (n, 1), starting at
    the logit of `click_rate`. With images its layers `tabular` and `visual` are the two terms of
    the sum, each a model of its own.
    """
    tabular = build_tabular(slot_counts, numeric, click_rate, options, seeds, texts)
    if not has_images:
        return tabular
    visual = build_visual(slot_counts, options, seeds, texts)
    slots = slots_input(len(slot_counts), texts)
    numbers = keras.Input((numeric,), dtype="float32", name="numeric")
    creative = keras.Input((options.embedding,), dtype="float32", name="creative")
    logit = layers.Add(name="logit")([tabular([slots, numbers]), visual([slots, creative])])
    return keras.Model([slots, numbers, creative], logit, name="head")


def build_tabular(
    slot_counts: Sequence[int],
    numeric: int,
    click_rate: float,
    options: ModelOptions,
    seeds: Seeds,
    texts: int = 0,
) -> keras.Model:
    """A DCN-v2 (cross and deep network side by side) with a linear part over the slots.

    Inputs: `categorical` int32 (n, C), `numeric` float32 (n, D). Output: logits (n, 1). The vectors
    of texts are features beside the embeddings of slots.
    """
    slots = slots_input(len(slot_counts), texts)
    numbers = keras.Input((numeric,), dtype="float32", name="numeric")
    # one table for all columns: each column's slots come after those of the columns before it
    offsets = np.concatenate([[0], np.cumsum(slot_counts)[:-1]]).astype(np.int32)
    # in this order: of `slots + offsets` Keras 3.15 makes a BiasAdd, which TFLite cannot
    positions = keras.ops.add(offsets, columns_of(slots, len(slot_counts), texts))
    total = int(np.sum(slot_counts))
    embedded = layers.Embedding(
        total,
        options.embedding_dimensions,
        embeddings_initializer=keras.initializers.RandomNormal(stddev=0.05, seed=seeds.next()),
        embeddings_regularizer=keras.regularizers.L2(options.l2),
        name="slots",
    )(positions)
    linear = layers.Embedding(
        total,
        1,
        embeddings_initializer="zeros",
        embeddings_regularizer=keras.regularizers.L2(options.l2),
        name="linear",
    )(positions)
    features = [layers.Flatten()(embedded), numbers]
    if texts:
        text = build_text(texts, options, seeds)
        features.append(text(slots[:, len(slot_counts) :]))
    x0 = layers.Concatenate()(features)
    crossed = x0
    for _ in range(options.cross_layers):
        crossed = Cross(options.cross_rank, (seeds.next(), seeds.next()))(x0, crossed)
    deep = x0
    for units in options.hidden_units:
        deep = layers.Dense(units, activation="relu", kernel_initializer=seeds.kernel())(deep)
        deep = layers.Dropout(options.dropout, seed=seeds.next())(deep)
    logit = layers.Dense(
        1,
        kernel_initializer=seeds.kernel(),
        bias_initializer=keras.initializers.Constant(np.log(click_rate / (1 - click_rate))),
        name="combine",
    )(layers.Concatenate()([crossed, deep]))
    logit = layers.Add(name="logit")([logit, keras.ops.sum(linear, axis=1)])
    return keras.Model([slots, numbers], logit, name="tabular")
