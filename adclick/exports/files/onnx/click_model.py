"""The click model in ONNX Runtime."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
from click_encoder import Encoder
from creatives import Creatives

Array = np.ndarray[Any, Any]


class ClickModel:
    """Scores requests: dictionaries with a value for each of `encoder.features`."""

    def __init__(self, folder: Path) -> None:
        self.encoder = Encoder(folder / "encoder.json")
        self._head = ort.InferenceSession(folder / "head.onnx")
        self._images = self.encoder.spec["image"] is not None
        if self._images:
            self._tower = ort.InferenceSession(folder / "tower.onnx")
            self._creatives = Creatives(folder)

    def predict(
        self, requests: Sequence[Mapping[str, Any]], new: Mapping[int, Array] | None = None
    ) -> Array:
        """Click probabilities (n,); `new` has embeddings of creatives by the request's number.

        Raises ValueError that names row and column for a request that cannot be scored.
        """
        slots, numbers, creatives = self.encoder.encode(requests)
        inputs = {"categorical": slots, "numeric": numbers}
        if self._images:
            inputs["creative"] = self._creatives.embeddings(creatives, new)
        (logits,) = self._head.run(None, inputs)
        return self.encoder.probability(logits)

    def embed(self, images: Array) -> Array:
        """Embeddings (k, E) of images (k, height, width, 3), uint8 RGB."""
        return np.asarray(self._tower.run(None, {"images": images})[0])


def load(folder: Path) -> ClickModel:
    """The model in this folder."""
    return ClickModel(folder)
