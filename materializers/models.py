"""Artifacts that predict: the click model, the baseline, the serving bundle."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from pathlib import Path

from zenml.enums import ArtifactType
from zenml.metadata.metadata_types import MetadataType

from adclick.bundle.bundle import ServingBundle, load_bundle
from adclick.model.baselines import Baselines, load_baselines
from adclick.model.click_model import load_click_model
from adclick.training.trained import Trained
from adclick.views.model_page import model_page
from materializers.folder import FolderMaterializer

TRAINING = "training.json"


class TrainedMaterializer(FolderMaterializer):
    """The Keras model in Keras's own format, and a page of its learning curve."""

    ASSOCIATED_TYPES = (Trained,)
    ASSOCIATED_ARTIFACT_TYPE = ArtifactType.MODEL
    SKIP_REGISTRATION = False

    def write(self, data: Trained, folder: Path) -> None:
        """Model files and the learning curve."""
        data.model.save(folder)
        facts = {"curve": data.validation_logloss, "begun_with": data.begun_with}
        (folder / TRAINING).write_text(json.dumps(facts), encoding="utf-8")

    def read(self, folder: Path) -> Trained:
        """The model and its learning curve."""
        facts = json.loads((folder / TRAINING).read_bytes())
        return Trained(load_click_model(folder), tuple(facts["curve"]), facts["begun_with"])

    def pages(self, data: Trained) -> dict[str, str]:
        """How training went."""
        model = data.model
        networks = [network for network in (model.tower, model.head) if network is not None]
        parameters = {
            f"{network.name}/{layer.name}": layer.count_params()
            for network in networks
            for layer in network.layers
            if layer.count_params()
        }
        page = model_page(
            data.validation_logloss, parameters, model.calibration, model.training_months
        )
        return {"page": page}

    def extract_metadata(self, data: Trained) -> dict[str, MetadataType]:
        """Epochs, loss and size."""
        facts: dict[str, MetadataType] = {
            "epochs": len(data.validation_logloss),
            "best_validation_logloss": min(data.validation_logloss),
            "fingerprint": data.model.fingerprint,
        }
        return {**facts, "begun_with": data.begun_with} if data.begun_with else facts

    def compute_content_hash(self, data: Trained) -> str:
        """Models with the same weights are the same."""
        return data.model.fingerprint


class BaselinesMaterializer(FolderMaterializer):
    """The logistic regression as JSON, the boosted trees in Python's own format."""

    ASSOCIATED_TYPES = (Baselines,)
    ASSOCIATED_ARTIFACT_TYPE = ArtifactType.MODEL
    SKIP_REGISTRATION = False

    def write(self, data: Baselines, folder: Path) -> None:
        """Both models."""
        data.save(folder)

    def read(self, folder: Path) -> Baselines:
        """The baselines."""
        return load_baselines(folder)

    def compute_content_hash(self, data: Baselines) -> str:
        """Baselines with the same weights and trees are the same."""
        with tempfile.TemporaryDirectory() as folder:
            data.save(Path(folder))
            files = sorted(Path(folder).iterdir())
            return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


class ServingBundleMaterializer(FolderMaterializer):
    """The bundle's folder as it is, checked against its manifest when read."""

    ASSOCIATED_TYPES = (ServingBundle,)
    ASSOCIATED_ARTIFACT_TYPE = ArtifactType.MODEL
    SKIP_REGISTRATION = False

    def write(self, data: ServingBundle, folder: Path) -> None:
        """All files."""
        shutil.copytree(data.path, folder, dirs_exist_ok=True)

    def read(self, folder: Path) -> ServingBundle:
        """The bundle in that folder."""
        return load_bundle(folder)

    def extract_metadata(self, data: ServingBundle) -> dict[str, MetadataType]:
        """Version and origin."""
        return {"version": data.version, "trained_on": data.manifest.trained_on}

    def compute_content_hash(self, data: ServingBundle) -> str:
        """The version names the content."""
        return data.version
