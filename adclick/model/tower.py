"""The image towers: a creative's picture becomes an embedding."""

from __future__ import annotations

import keras
from keras import layers

from adclick.model.backbone import pretrained
from adclick.model.options import ModelOptions
from adclick.model.seeds import Seeds


def build_tower(shape: tuple[int, int, int], options: ModelOptions, seeds: Seeds) -> keras.Model:
    """A network from uint8 images (k, height, width, 3) to embeddings (k, E).

    Convolutions that are trained from scratch, of each tower its own, or a pretrained backbone that
    they share. The embedding is that of all towers, one after the other.
    """
    images = keras.Input(shape, dtype="uint8", name="images")
    shared = pretrained(images, options.backbone) if options.backbone else None
    parts = []
    for number in range(options.towers):
        x = _seen(images, options, seeds) if shared is None else shared
        x = layers.Dropout(options.dropout, seed=seeds.next())(x)
        part = layers.Dense(
            options.image_dimensions,
            # small, so that a picture begins by saying little
            kernel_initializer=keras.initializers.RandomNormal(stddev=0.05, seed=seeds.next()),
            name=f"embedding_{number}",
        )(x)
        parts.append(part)
    embedding = layers.Concatenate(name="embedding")(parts)
    return keras.Model(images, embedding, name="tower")


def _seen(images: keras.KerasTensor, options: ModelOptions, seeds: Seeds) -> keras.KerasTensor:
    """Four stride-2 convolutions, then mean and maximum over the picture, and what is where.

    The mean says how much of something there is, the maximum whether it is there at all, and how
    large a thing is shows in where its edges are.
    """
    x = layers.Rescaling(1 / 127.5, offset=-1.0)(images)
    for filters in options.tower_filters:
        x = layers.Conv2D(
            filters,
            3,
            strides=2,
            padding="same",
            activation="relu",
            kernel_initializer=seeds.kernel(),
        )(x)
    pooled = [layers.GlobalAveragePooling2D()(x), layers.GlobalMaxPooling2D()(x)]
    return layers.Concatenate()([*pooled, layers.Flatten()(x)])
