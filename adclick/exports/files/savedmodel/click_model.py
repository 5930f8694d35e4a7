"""The click model as a SavedModel, which takes requests as they are: the encoder is part of it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

Array = np.ndarray[Any, Any]


class ClickModel:
    """Scores requests: dictionaries with a value for each of the signature's inputs.

    A text that is missing is sent as "", a number as NaN: TF Serving wants a value for every input.
    """

    def __init__(self, folder: Path) -> None:
        self._model = tf.saved_model.load(str(folder))
        self._score = self._model.signatures["serving_default"]
        self._inputs = self._score.structured_input_signature[1]

    def predict(self, requests: Sequence[Mapping[str, Any]]) -> Array:
        """Click probabilities (n,); raises InvalidArgumentError for what cannot be scored."""
        inputs = {
            name: tf.constant([_sent(request.get(name), spec) for request in requests], spec.dtype)
            for name, spec in self._inputs.items()
        }
        return np.asarray(self._score(**inputs)["click_probability"])


def _sent(value: Any, spec: tf.TensorSpec) -> Any:
    if spec.dtype == tf.string:
        return "" if value is None else str(value)
    return float("nan") if value is None else float(value)


def load(folder: Path) -> ClickModel:
    """The newest version in the folder click/, as TF Serving chooses it."""
    versions = [path for path in (folder / "click").iterdir() if path.name.isdigit()]
    return ClickModel(max(versions, key=lambda path: int(path.name)))


def request_body(folder: Path) -> str:
    """A body for TF Serving's REST API, POST /v1/models/click:predict: the first golden request."""
    golden = json.loads((folder / "golden.json").read_text(encoding="utf-8"))
    return json.dumps({"instances": [golden["requests"][0]["features"]]})
