"""Seeds for the layers of a network, so that equal seeds make equal networks."""

from __future__ import annotations

import random

import keras

MOST = 1_000_000_000


class Seeds:
    """A seed for each layer in the order in which they are made: the one given decides them all.

    Keras would take them from Python's own generator, of which any library may take numbers in
    between: gcsfs does so to wait a random time after a bucket did not answer.
    """

    def __init__(self, seed: int) -> None:
        self._generator = random.Random(seed)

    def next(self) -> int:
        """A seed that no other layer has, but by chance."""
        return self._generator.randint(1, MOST)

    def kernel(self) -> keras.initializers.Initializer:
        """What a kernel begins with: Keras' own default, seeded."""
        return keras.initializers.GlorotUniform(seed=self.next())
