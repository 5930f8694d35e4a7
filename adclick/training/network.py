"""Tower and head joined for training, where a batch brings each image once."""

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
        inputs["images"] = keras.Input(tower.inputs[0].shape[1:], dtype="uint8", name="images")
        inputs["which"] = keras.Input((), dtype="int32", name="which")
        parts.append(keras.ops.take(tower(inputs["images"]), inputs["which"], axis=0))
    return keras.Model(inputs, head(parts))
