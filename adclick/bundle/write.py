"""Writing a bundle's files to a folder; the manifest comes last and makes it one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from adclick.arrays import Float32
from adclick.bundle.bundle import (
    CREATIVE_IDS,
    CREATIVES,
    ENCODER,
    GOLDEN,
    HEAD,
    MANIFEST,
    SCHEMA,
    TOWER,
    GoldenRequest,
    Manifest,
    ServingBundle,
    file_hash,
)
from adclick.encoding.encoder import FeatureEncoder
from adclick.model.calibration import Calibration
from adclick.schema import Schema

FILES = (SCHEMA, ENCODER, HEAD, TOWER, CREATIVES, CREATIVE_IDS, GOLDEN)


def write_parts(folder: Path, schema: Schema, encoder: FeatureEncoder, head: bytes) -> None:
    """Write what every bundle has: schema, encoder and the ONNX head.

    An earlier bundle in the folder goes first: a build that stops halfway leaves none.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name in (MANIFEST, *FILES):
        (folder / name).unlink(missing_ok=True)
    (folder / SCHEMA).write_text(schema.model_dump_json(), encoding="utf-8")
    (folder / ENCODER).write_text(encoder.model_dump_json(), encoding="utf-8")
    (folder / HEAD).write_bytes(head)


def write_creatives(folder: Path, tower: bytes, ids: Sequence[str], embeddings: Float32) -> None:
    """Write the ONNX image tower and the embeddings (1 + n, E), row 0 being the fallback."""
    (folder / TOWER).write_bytes(tower)
    (folder / CREATIVE_IDS).write_text(json.dumps(list(ids)), encoding="utf-8")
    np.save(folder / CREATIVES, embeddings)


def write_golden(folder: Path, golden: Sequence[GoldenRequest]) -> None:
    """Write the requests with known answers."""
    items = [item.model_dump() for item in golden]
    (folder / GOLDEN).write_text(json.dumps(items), encoding="utf-8")


def write_manifest(
    folder: Path,
    version: str,
    training_months: Sequence[str],
    trained_on: str,
    calibration: Calibration,
    tolerance: float,
    draft: bool = False,
) -> ServingBundle:
    """Hash the files in `folder`, write the manifest, and return the finished bundle.

    A `draft` can be tried out, but is not written: on disk there is no bundle yet.
    """
    files = {name: file_hash(folder / name) for name in FILES if (folder / name).is_file()}
    manifest = Manifest(
        version=version,
        trained_on=trained_on,
        training_months=tuple(training_months),
        calibration=calibration,
        tolerance=tolerance,
        files=files,
    )
    if not draft:
        (folder / MANIFEST).write_text(manifest.model_dump_json(indent=2), encoding="utf-8")
    return ServingBundle(folder, manifest)
