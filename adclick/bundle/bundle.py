"""The serving bundle: a folder with all that a server needs, and the manifest that describes it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from adclick.arrays import Float32
from adclick.encoding.encoder import FeatureEncoder
from adclick.errors import AdclickError
from adclick.model.calibration import Calibration
from adclick.opaque import Opaque
from adclick.schema import Schema, describe

MANIFEST = "manifest.json"
SCHEMA = "schema.json"
ENCODER = "encoder.json"
HEAD = "head.onnx"
TOWER = "tower.onnx"
CREATIVES = "creatives.npy"
CREATIVE_IDS = "creative_ids.json"
GOLDEN = "golden.json"


class GoldenRequest(BaseModel):
    """A request and the score that every server of this bundle must give it."""

    model_config = ConfigDict(frozen=True)

    features: dict[str, Any]
    score: float


class Manifest(BaseModel):
    """What a bundle is: its version, the data behind it, how scores are calibrated, file hashes.

    `tolerance` is the largest difference between a served and a golden score that counts as equal.
    """

    model_config = ConfigDict(frozen=True)

    version: str
    trained_on: str
    training_months: tuple[str, ...]
    calibration: Calibration
    tolerance: float
    files: dict[str, str]


@dataclass(frozen=True)
class ServingBundle(Opaque):
    """A bundle on disk. Parts are read when first asked for.

    `creative_embeddings` is float32 (1 + n, E): row 0 is the fallback for unknown creatives, row
    i + 1 belongs to creative_ids[i]. Logs without images have no tower and no embeddings.
    """

    path: Path
    manifest: Manifest

    @property
    def version(self) -> str:
        """The version that answers carry."""
        return self.manifest.version

    @cached_property
    def schema(self) -> Schema:
        """The schema of the requests."""
        return Schema.model_validate_json((self.path / SCHEMA).read_bytes())

    @cached_property
    def encoder(self) -> FeatureEncoder:
        """The encoder that the model was trained with."""
        return FeatureEncoder.model_validate_json((self.path / ENCODER).read_bytes())

    @cached_property
    def golden(self) -> tuple[GoldenRequest, ...]:
        """Requests with known answers."""
        items = json.loads((self.path / GOLDEN).read_bytes())
        return tuple(GoldenRequest.model_validate(item) for item in items)

    @property
    def has_images(self) -> bool:
        """Whether the model sees creatives."""
        return TOWER in self.manifest.files

    @cached_property
    def creative_ids(self) -> tuple[str, ...]:
        """The creatives whose embeddings are in the bundle."""
        return tuple(json.loads((self.path / CREATIVE_IDS).read_bytes()))

    @cached_property
    def creative_embeddings(self) -> Float32:
        """Embeddings by row, memory-mapped so that the workers of a server share them."""
        return np.asarray(np.load(self.path / CREATIVES, mmap_mode="r"))


def load_bundle(path: str | Path) -> ServingBundle:
    """The bundle in a folder, once every file has the hash that the manifest names.

    Raises AdclickError that names the folder or file that is missing or damaged.
    """
    folder = Path(path)
    if not (folder / MANIFEST).is_file():
        raise AdclickError(f"bundle {folder} has no {MANIFEST}: build it with --pipeline training")
    try:
        manifest = Manifest.model_validate_json((folder / MANIFEST).read_bytes())
    except ValidationError as error:
        raise AdclickError(f"bundle {folder}/{MANIFEST}: {describe(error)}") from error
    for name, expected in manifest.files.items():
        file = folder / name
        if not file.is_file() or file_hash(file) != expected:
            raise AdclickError(f"bundle file {file} is missing or damaged: build the bundle again")
    return ServingBundle(folder, manifest)


def file_hash(path: Path) -> str:
    """SHA-256 of a file's content, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
