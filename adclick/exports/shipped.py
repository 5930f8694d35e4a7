"""What every export has: the specification, golden requests, embeddings, and an example to run."""

from __future__ import annotations

import importlib.util
import json
import shutil
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from adclick.bundle.bundle import CREATIVE_IDS, CREATIVES
from adclick.errors import AdclickError
from adclick.exports.material import Material
from adclick.exports.random_rows import (
    Encoding,
    Request,
    disagreement,
    expected_encodings,
    random_requests,
)

FILES = Path(__file__).parent / "files"
GOLDEN, SPECIFICATION = "golden.json", "encoder.json"
ENCODER, LOOKUP = "click_encoder.py", "creatives.py"


def write_golden(folder: Path, material: Material, tolerance: float) -> None:
    """Write the golden requests, and how far from its score a runtime may be."""
    golden = {
        "version": material.bundle.version,
        "tolerance": tolerance,
        "requests": [golden.model_dump() for golden in material.bundle.golden],
    }
    (folder / GOLDEN).write_text(json.dumps(golden, indent=1), encoding="utf-8")


def write_python(folder: Path, target: str, packages: Sequence[str]) -> None:
    """Write the example, the model's class and the packages that they need."""
    shutil.copy(FILES / "example.py", folder)
    shutil.copy(FILES / target / "click_model.py", folder)
    pinned = [name if "==" in name else f"{name}=={version(name)}" for name in packages]
    (folder / "requirements.txt").write_text("\n".join(pinned) + "\n", encoding="utf-8")


def write_encoder(folder: Path, material: Material) -> str:
    """Write the Python encoder and its specification; returns what was proven of it.

    Raises AdclickError when it encodes one of many random requests otherwise than the bundle's.
    """
    shutil.copy(FILES / ENCODER, folder)
    specification = material.spec.model_dump_json(indent=1)
    (folder / SPECIFICATION).write_text(specification, encoding="utf-8")
    requests = random_requests(material.bundle)
    return agreed("Python", material, requests, _python_encodings(folder, requests))


def write_creatives(folder: Path, material: Material) -> None:
    """Write what looks creatives up, and the known ones if the model sees creatives."""
    shutil.copy(FILES / LOOKUP, folder)
    if material.bundle.has_images:
        for name in (CREATIVES, CREATIVE_IDS):
            shutil.copy(material.bundle.path / name, folder)


def agreed(
    language: str,
    material: Material,
    requests: Sequence[Request],
    found: Sequence[Encoding | None],
) -> str:
    """That an encoder's encodings are the bundle's, in words; raises AdclickError if not."""
    expected = expected_encodings(material.bundle, requests)
    if different := disagreement(requests, expected, found):
        raise AdclickError(
            f"the {language} encoder of {material.bundle.version} is not the model's: {different}"
        )
    refused = sum(encoding is None for encoding in expected)
    count = len(requests)
    return f"{language} encoder: {count:,} random requests alike, {refused:,} of these refused"


def check_golden(material: Material, found: Sequence[float], tolerance: float, where: str) -> str:
    """That a runtime's scores are the golden ones, in words; raises AdclickError if not."""
    expected = [golden.score for golden in material.bundle.golden]
    gap = float(np.abs(np.subtract(found, expected)).max())
    if not gap <= tolerance:
        raise AdclickError(
            f"{where} scores a golden request of {material.bundle.version} by {gap:.1e} otherwise, "
            f"more than {tolerance:.0e}: nothing was exported"
        )
    allowed = f"{tolerance:.0e} is allowed"
    return f"{where}: {len(found)} golden requests off by {gap:.1e} at most, {allowed}"


def _python_encodings(folder: Path, requests: Sequence[Request]) -> list[Encoding | None]:
    encoder = _module(folder / ENCODER).Encoder(folder / SPECIFICATION)

    def encoding(request: Request) -> Encoding | None:
        try:
            slots, numbers, creatives = encoder.encode([request])
        except ValueError:
            return None
        return slots[0].tolist(), numbers[0].tolist(), creatives[0]

    return [encoding(request) for request in requests]


def _module(path: Path) -> Any:
    """A module of this file, which is not kept."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
