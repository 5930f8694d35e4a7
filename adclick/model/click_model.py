"""The click model: image tower, head and calibration, and how they are kept on disk."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from adclick.arrays import Array, Float32, Float64, Int32, UInt8
from adclick.encoding.encoder import Encoded
from adclick.model.calibration import Calibration

if TYPE_CHECKING:
    import keras

BATCH = 4096
IMAGE_BATCH = 256


@dataclass(frozen=True)
class ClickModel:
    """Click probability from encoded columns and, where `tower` is set, the creative's image.

    Creatives are embedded once with `embed`; `fallback` is the embedding that stands for one that
    is not known, the mean over the training creatives.
    """

    head: keras.Model
    tower: keras.Model | None
    fallback: Float32
    calibration: Calibration
    training_months: tuple[str, ...]
    tabular_calibration: Calibration = field(default_factory=Calibration)

    @property
    def tabular(self) -> ClickModel:
        """The part that sees columns alone: a model as those are that know no images."""
        if self.tower is None:
            return self
        part = self.head.get_layer("tabular")
        calibration = self.tabular_calibration
        return ClickModel(part, None, self.fallback, calibration, self.training_months)

    def embed(self, images: UInt8, chosen: Int32 | None = None) -> Float32:
        """Embeddings (k, E) of images (k, height, width, 3), or of the `chosen` k, in batches."""
        assert self.tower is not None
        rows = np.arange(len(images)) if chosen is None else chosen
        batches = [
            np.asarray(self.tower(np.asarray(images[rows[start : start + IMAGE_BATCH]])))
            for start in range(0, len(rows), IMAGE_BATCH)
        ]
        embeddings: Float32 = np.concatenate([self.fallback[np.newaxis][:0], *batches])
        return embeddings

    def logits(self, encoded: Encoded, creatives: Float32 | None) -> Float32:
        """Raw logits (n,) before calibration; `creatives` are embeddings (n, E)."""
        inputs = [encoded.categorical, encoded.numeric]
        if creatives is not None:
            inputs.append(creatives)
        batches = [
            np.asarray(self.head([part[start : start + BATCH] for part in inputs]))
            for start in range(0, len(encoded.categorical), BATCH)
        ]
        logits: Float32 = np.concatenate(batches).reshape(-1)
        return logits

    def predict(self, encoded: Encoded, creatives: Float32 | None) -> Float64:
        """Calibrated click probabilities (n,)."""
        return self.calibration.probability(self.logits(encoded, creatives))

    @property
    def fingerprint(self) -> str:
        """A hash of all weights and the calibration: equal for models that predict the same."""
        digest = hashlib.sha256(self.calibration.model_dump_json().encode())
        for array in self._arrays():
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()

    def _arrays(self) -> list[Array]:
        towers = self.tower.get_weights() if self.tower is not None else []
        return [*self.head.get_weights(), *towers, self.fallback]

    def save(self, folder: Path) -> None:
        """Write head.keras, tower.keras (with images) and model.json into a folder."""
        self.head.save(folder / "head.keras")
        if self.tower is not None:
            self.tower.save(folder / "tower.keras")
        facts = {
            "calibration": self.calibration.model_dump(),
            "tabular_calibration": self.tabular_calibration.model_dump(),
            "fallback": self.fallback.tolist(),
            "training_months": list(self.training_months),
        }
        (folder / "model.json").write_text(json.dumps(facts), encoding="utf-8")


def load_click_model(folder: Path) -> ClickModel:
    """The model that `ClickModel.save` wrote into a folder."""
    # imported here: steps name the type without paying for TensorFlow
    import keras

    from adclick.model import cross as _registers_its_layer  # noqa: F401

    facts = json.loads((folder / "model.json").read_bytes())
    tower = folder / "tower.keras"
    return ClickModel(
        head=keras.saving.load_model(folder / "head.keras", compile=False),
        tower=keras.saving.load_model(tower, compile=False) if tower.is_file() else None,
        fallback=np.array(facts["fallback"], np.float32),
        calibration=Calibration.model_validate(facts["calibration"]),
        training_months=tuple(facts["training_months"]),
        tabular_calibration=Calibration.model_validate(facts["tabular_calibration"]),
    )
