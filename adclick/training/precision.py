"""Matrices multiplied in less than float32 while a network is trained."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import keras


@contextmanager
def multiplying_in(network: keras.Model, precision: str) -> Iterator[None]:
    """While a step is traced in here, dense layers and convolutions compute in `precision`.

    Weights stay float32, and so does what follows: the network that is kept, exported and served
    knows nothing of it. Sums over slots and the layers that give a logit compute in float32, of
    whose digits bfloat16 has three. It needs no scaling of the loss, as float16 does.
    Source: Micikevicius et al., Mixed precision training, 2018; Kalamkar et al., A study of
    BFLOAT16, 2019.
    """
    if precision == "float32":
        yield
        return
    layers = [layer for layer in network._flatten_layers() if _multiplies(layer)]
    before = [layer.dtype_policy for layer in layers]
    for layer in layers:
        layer.dtype_policy = keras.DTypePolicy(f"mixed_{precision}")
    try:
        yield
    finally:
        for layer, policy in zip(layers, before, strict=True):
            layer.dtype_policy = policy


def _multiplies(layer: keras.Layer) -> bool:
    if isinstance(layer, keras.layers.Dense):
        return bool(layer.units > 1)
    return isinstance(layer, (keras.layers.Conv2D, keras.layers.DepthwiseConv2D))
