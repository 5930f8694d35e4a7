"""Image networks of keras.applications with weights that were trained elsewhere."""

from __future__ import annotations

import sys
import tempfile
import warnings
from pathlib import Path, PurePosixPath
from typing import Any

import fsspec
import keras

from adclick.errors import AdclickError
from adclick.model.options import Backbone

SETTING = "training.model.backbone"


def pretrained(images: keras.KerasTensor, backbone: Backbone) -> keras.KerasTensor:
    """What the backbone makes of images (k, height, width, 3) of 0 to 255: features (k, F).

    Preprocessed as its weights want it, without its top, averaged over the picture. Raises
    AdclickError when the weights cannot be had, are another network's, or the images are too small.
    """
    with tempfile.TemporaryDirectory(prefix="adclick-backbone-") as folder:
        file = _fetch(backbone, Path(folder))
        network = _network(images.shape[1:], backbone)
        _load(network, file, backbone)
    network.trainable = backbone.trainable
    preprocess = sys.modules[getattr(keras.applications, backbone.name).__module__].preprocess_input
    return network(preprocess(keras.ops.cast(images, "float32")))


def _network(shape: Any, backbone: Backbone) -> keras.Model:
    build = getattr(keras.applications, backbone.name)
    try:
        return build(include_top=False, weights=None, input_shape=shape, pooling="avg")
    except ValueError as error:
        raise AdclickError(f"{SETTING} {backbone.name}: {' '.join(str(error).split())}") from error


def _fetch(backbone: Backbone, folder: Path) -> Path:
    file = folder / PurePosixPath(backbone.weights).name
    try:
        with fsspec.open(backbone.weights, "rb") as content:
            file.write_bytes(content.read())
    # whatever a path, a bucket or a web server fails with
    except Exception as error:
        raise AdclickError(
            f"{SETTING}.weights: {backbone.weights} cannot be read ({error}): name a file or URL "
            f"with the weights of {backbone.name} without its top, or take the backbone out"
        ) from error
    return file


def _load(network: keras.Model, file: Path, backbone: Backbone) -> None:
    try:
        with warnings.catch_warnings():
            # Keras only warns of layers that it finds no weights for
            warnings.simplefilter("error", UserWarning)
            network.load_weights(file)
    except (ValueError, OSError, KeyError, UserWarning) as error:
        raise AdclickError(
            f"{SETTING}.weights: {backbone.weights} are no weights of {backbone.name} without its "
            f"top, as Keras {keras.__version__} reads them"
        ) from error
