"""Networks joined for training, where a batch brings each image once."""

from __future__ import annotations

import keras


def join(tower: keras.Model | None, head: keras.Model) -> keras.Model:
    """The network over the inputs of a Batch: logits (n, 1).

    With a tower it takes `images` (g, ...) and `which` (n,) and hands each impression the
    embedding of its creative, so that the tower runs g times instead of n times.
    """
    slots, numbers = head.inputs[:2]
    inputs = {
        "categorical": keras.Input(slots.shape[1:], dtype="int32", name="categorical"),
        "numeric": keras.Input(numbers.shape[1:], dtype="float32", name="numeric"),
    }
    parts = list(inputs.values())
    if tower is not None:
        inputs |= _images(tower)
        embeddings = tower(inputs["images"])
        parts.append(keras.ops.take(embeddings, inputs["which"], axis=0))
    return keras.Model(inputs, head(parts))


def join_visual(tower: keras.Model, head: keras.Model, mirror: int | None) -> keras.Model:
    """The pictures' part alone, over the inputs of a Batch: logits (n, towers), of each tower one.

    What the columns say comes with the batch, as `offset` (n,): only the towers and the head's
    visual part are trained, each tower as if it were alone, so that their mean errs less than one.
    `mirror` is a seed that decides which images are seen as in a mirror.
    """
    slots, numbers, _ = head.inputs
    inputs = {
        "categorical": keras.Input(slots.shape[1:], dtype="int32", name="categorical"),
        "numeric": keras.Input(numbers.shape[1:], dtype="float32", name="numeric"),
        "offset": keras.Input((), dtype="float32", name="offset"),
    }
    inputs |= _images(tower)
    images = inputs["images"]
    if mirror is not None:
        # in the network that is trained, not in the tower: Keras would mirror when serving as well
        images = keras.layers.RandomFlip("horizontal", seed=mirror)(images)
    embeddings = keras.ops.take(tower(images), inputs["which"], axis=0)
    visual = head.get_layer("visual")
    votes = keras.Model(visual.inputs, visual.get_layer("votes").output)
    logits = votes([inputs["categorical"], embeddings])
    offset = keras.ops.expand_dims(inputs["offset"], 1)
    return keras.Model(inputs, keras.layers.Add()([logits, offset]))


def _images(tower: keras.Model) -> dict[str, keras.KerasTensor]:
    return {
        "images": keras.Input(tower.inputs[0].shape[1:], dtype="uint8", name="images"),
        "which": keras.Input((), dtype="int32", name="which"),
    }
