"""The cross layer of DCN-v2: explicit feature interactions."""

from __future__ import annotations

from typing import Any

import keras


@keras.saving.register_keras_serializable(package="adclick")
class Cross(keras.layers.Layer):
    """One step of a cross network: x_next = x0 * (x U V + b) + x.

    Each layer raises the degree of the feature interactions by one. With `rank` r the matrix W of
    the full form is U V, (d, r) and (r, d), which costs 2dr parameters instead of d squared.
    Called with (x0, x), both (n, d); returns (n, d).
    Source: Wang et al., DCN V2, 2021, https://arxiv.org/abs/2008.13535, section 3.5.
    """

    def __init__(
        self, rank: int, seeds: tuple[int | None, int | None] = (None, None), **kwargs: Any
    ) -> None:
        """`rank`: columns of U; smaller is cheaper and generalises sooner. `seeds` of U and V.

        A layer that is loaded needs no seeds, since its weights replace those it begins with.
        """
        super().__init__(**kwargs)
        self.rank = rank
        self._seeds = seeds

    def build(self, x0_shape: tuple[int | None, int], x_shape: tuple[int | None, int]) -> None:
        """Create U, V and b for inputs of width d."""
        del x_shape
        u, v = (keras.initializers.GlorotUniform(seed=seed) for seed in self._seeds)
        self._project = keras.layers.Dense(self.rank, use_bias=False, kernel_initializer=u)
        self._project.build(x0_shape)
        self._expand = keras.layers.Dense(x0_shape[-1], kernel_initializer=v)
        self._expand.build((None, self.rank))

    def call(self, x0: Any, x: Any) -> Any:
        """The crossed features, (n, d)."""
        # not `*`: the product of the two may have come in another precision
        return keras.ops.multiply(x0, self._expand(self._project(x))) + x

    def get_config(self) -> dict[str, Any]:
        """What rebuilds the layer from a saved file."""
        return {**super().get_config(), "rank": self.rank}
