"""Keras to ONNX."""

from __future__ import annotations

import os
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import keras


def to_onnx(model: keras.Model) -> bytes:
    """The model as ONNX, with the names and dtypes of its inputs and any number of rows."""
    # Keras exports only what was called once, and a loaded model was not
    model([keras.ops.zeros((1, *part.shape[1:]), part.dtype) for part in model.inputs])
    with tempfile.TemporaryDirectory(prefix="adclick-onnx-") as folder:
        file = Path(folder) / "model.onnx"
        with _without_chatter(), warnings.catch_warnings():
            # tf2onnx 1.17 asks NumPy 1.26 for the attribute `object`
            warnings.simplefilter("ignore", FutureWarning)
            model.export(file, format="onnx", verbose=False)
        return file.read_bytes()


@contextmanager
def _without_chatter() -> Iterator[None]:
    """Hold back what TensorFlow's C++ code writes to stderr, which no log level silences.

    It is written after all when the export fails.
    """
    sys.stderr.flush()
    with tempfile.TemporaryFile() as held_back:
        stderr = os.dup(2)
        os.dup2(held_back.fileno(), 2)
        try:
            yield
        except BaseException:
            held_back.seek(0)
            os.write(stderr, held_back.read())
            raise
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)
