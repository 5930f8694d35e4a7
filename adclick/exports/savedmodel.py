"""Export for TensorFlow and TF Serving: a SavedModel that takes requests as they are."""

from __future__ import annotations

import json
from pathlib import Path

import tensorflow as tf

from adclick.exports import shipped
from adclick.exports.material import Material
from adclick.exports.raw_features import RawFeatures
from adclick.exports.runtimes import Runtimes, scores_of
from adclick.quiet import without_chatter

TOLERANCE = 1e-5
NAME = "click"
EXTRA = "assets.extra/adclick.json"  # TensorFlow leaves what lies there alone
PACKAGES = ("tensorflow", "numpy")


def export_savedmodel(material: Material, folder: Path, runtimes: Runtimes) -> list[str]:
    """Write click/1, as TF Serving wants it, and an example; returns what was checked.

    Raises AdclickError where scores differ.
    """
    to = folder / NAME / "1"
    model = RawFeatures(material)
    signatures = {"serving_default": model.score.get_concrete_function(**model.inputs())}
    if material.bundle.has_images:
        inputs = model.inputs(images=True)
        signatures["with_image"] = model.score_images.get_concrete_function(**inputs)
    with without_chatter():
        tf.saved_model.save(model, str(to), signatures=signatures)
    (to / EXTRA).parent.mkdir()
    (to / EXTRA).write_text(json.dumps({"version": material.bundle.version}), encoding="utf-8")
    shipped.write_golden(folder, material, TOLERANCE)
    shipped.write_python(folder, "savedmodel", PACKAGES)
    scores = scores_of([runtimes.python, "example.py", "--json"], folder)
    return [shipped.check_golden(material, scores, TOLERANCE, "TensorFlow, SavedModel")]
