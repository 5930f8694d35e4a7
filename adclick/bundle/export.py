"""Keras to ONNX."""

from __future__ import annotations

import tempfile
import warnings
from pathlib import Path

import keras

from adclick.quiet import without_chatter


def to_onnx(model: keras.Model) -> bytes:
    """The model as ONNX, with the names and dtypes of its inputs and any number of rows."""
    # Keras exports only what was called once, and a loaded model was not
    model([keras.ops.zeros((1, *part.shape[1:]), part.dtype) for part in model.inputs])
    with tempfile.TemporaryDirectory(prefix="adclick-onnx-") as folder:
        file = Path(folder) / "model.onnx"
        with without_chatter(), warnings.catch_warnings():
            # tf2onnx 1.17 asks NumPy 1.26 for the attribute `object`
            warnings.simplefilter("ignore", FutureWarning)
            model.export(file, format="onnx", verbose=False)
        return file.read_bytes()
