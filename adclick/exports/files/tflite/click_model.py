"""The click model in LiteRT."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from click_encoder import Encoder
from creatives import Creatives

Array = np.ndarray[Any, Any]


class ClickModel:
    """Scores requests: dictionaries with a value for each of `encoder.features`.

    `suffix` chooses the networks: "" the float ones, ".int8" those with eight-bit numbers.
    """

    def __init__(self, folder: Path, suffix: str = "") -> None:
        self.encoder = Encoder(folder / "encoder.json")
        self._head = Interpreter(str(folder / f"head{suffix}.tflite"))
        self._images = self.encoder.spec["image"] is not None
        if self._images:
            self._tower = Interpreter(str(folder / f"tower{suffix}.tflite"))
            self._creatives = Creatives(folder)

    def predict(
        self, requests: Sequence[Mapping[str, Any]], new: Mapping[int, Array] | None = None
    ) -> Array:
        """Click probabilities (n,); `new` has embeddings of creatives by the request's number.

        Raises ValueError that names row and column for a request that cannot be scored.
        """
        slots, numbers, creatives = self.encoder.encode(requests)
        embeddings = self._creatives.embeddings(creatives, new) if self._images else None
        return self.encoder.probability(self.logits(slots, numbers, embeddings))

    def logits(self, slots: Array, numbers: Array, creatives: Array | None) -> Array:
        """The head's logits (n, 1) of encoded requests and embeddings (n, E)."""
        inputs = {"categorical": slots, "numeric": numbers}
        if creatives is not None:
            inputs["creative"] = creatives
        return _run(self._head, inputs)

    def embed(self, images: Array) -> Array:
        """Embeddings (k, E) of images (k, height, width, 3), uint8 RGB."""
        return _run(self._tower, {"images": images})


def _run(network: Interpreter, inputs: Mapping[str, Array]) -> Array:
    (signature,) = network.get_signature_list()
    runner = network.get_signature_runner(signature)
    (output,) = runner(**inputs).values()
    return np.asarray(output)


def load(folder: Path, suffix: str = "") -> ClickModel:
    """The model in this folder."""
    return ClickModel(folder, suffix)
