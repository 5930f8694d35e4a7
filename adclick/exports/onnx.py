"""Export for ONNX Runtime: the bundle's own networks."""

from __future__ import annotations

import shutil
from pathlib import Path

from adclick.bundle.bundle import HEAD, TOWER
from adclick.exports import shipped
from adclick.exports.material import Material
from adclick.exports.runtimes import Runtimes, scores_of

TOLERANCE = 1e-6
PACKAGES = ("onnxruntime", "numpy")


def export_onnx(material: Material, folder: Path, runtimes: Runtimes) -> list[str]:
    """Write head.onnx, tower.onnx and all that scoring with them takes; returns what was checked.

    Raises AdclickError where scores or encodings differ.
    """
    for name in (HEAD, TOWER):
        if name in material.bundle.manifest.files:
            shutil.copy(material.bundle.path / name, folder)
    proven = shipped.write_encoder(folder, material)
    shipped.write_creatives(folder, material)
    shipped.write_golden(folder, material, TOLERANCE)
    shipped.write_python(folder, "onnx", PACKAGES)
    scores = scores_of([runtimes.python, "example.py", "--json"], folder)
    return [proven, shipped.check_golden(material, scores, TOLERANCE, "ONNX Runtime")]
