"""What is served in the benchmark: `python -m benchmarks.serving.world FOLDER --impressions N`.

A model of the sample data, trained for one epoch: its size matters here, not its skill.
"""

from __future__ import annotations

import argparse
import json
import shutil
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from adclick.bundle.bundle import ServingBundle, load_bundle
from adclick.bundle.write import write_manifest
from adclick.encoding.fit import fit_encoder
from adclick.encoding.requests import features, request_rows
from adclick.ingest.ingest import ingest
from adclick.ingest.sources import find_source
from adclick.sample_data.generate import generate
from adclick.sample_data.options import SampleOptions
from adclick.schema import load_schema
from adclick.splitting import SplitOptions, split_by_time
from adclick.training.options import TrainingOptions
from benchmarks.processes import REPOSITORY, Place

SCHEMA = REPOSITORY / "configs" / "schemas" / "sample.yaml"
ROWS = 4_000


@dataclass(frozen=True)
class World:
    """A folder with a bundle, the next version of it, rows to ask for and pictures of ads."""

    folder: Path

    @property
    def bundle(self) -> ServingBundle:
        """The bundle that is served."""
        return load_bundle(self.folder / "bundle")

    @property
    def model(self) -> Path:
        """The folder of the Keras model that the bundle was built of."""
        return self.folder / "model"

    @property
    def next_bundle(self) -> ServingBundle:
        """The same model under another version."""
        return load_bundle(self.folder / "next")

    @cached_property
    def rows(self) -> list[dict[str, Any]]:
        """Candidates of the month after training, as features by name."""
        rows: list[dict[str, Any]] = json.loads((self.folder / "rows.json").read_bytes())
        return rows

    @property
    def pictures(self) -> list[Path]:
        """JPEGs of ads."""
        return sorted((self.folder / "sample" / "data").glob("*/images/*.jpg"))


def make(folder: Path, impressions: int, creatives: int) -> World:
    """Draw a sample, train on it and write what `World` holds."""
    schema = load_schema(SCHEMA)
    options = SampleOptions(
        months=5, impressions=impressions, creatives_per_month=creatives, defect_share=0.0
    )
    sample = generate(options, folder / "sample")
    log = ingest(find_source(str(sample.data), schema), schema, str(folder / "ad_logs"))
    split = split_by_time(log, SplitOptions())
    encoder = fit_encoder(log, split.training)
    from adclick.bundle.build import build_bundle
    from adclick.training.train import train

    trained = train(log, split, encoder, TrainingOptions(epochs=1))
    (folder / "model").mkdir()
    trained.model.save(folder / "model")
    bundle = build_bundle(log, split, encoder, trained.model, folder / "bundle")
    shutil.copytree(bundle.path, folder / "next")
    rename(folder / "next", bundle, "next")
    rows = [features(schema, row) for row in request_rows(log, split.test, ROWS)]
    (folder / "rows.json").write_text(json.dumps(rows), encoding="utf-8")
    return World(folder)


def make_apart(place: Place, folder: Path, impressions: int, creatives: int) -> World:
    """The same in a process of its own, since it loads TensorFlow; `folder` is there already."""
    words = ("--impressions", str(impressions), "--creatives", str(creatives))
    place.measure("-m", "benchmarks.serving.world", str(folder), *words)
    return World(folder)


def rename(folder: Path, bundle: ServingBundle, name: str) -> None:
    """Make what lies in the folder, a bundle's files or changed ones, a version `name` of it."""
    write_manifest(
        folder,
        version=f"{bundle.version}.{name}",
        training_months=bundle.manifest.training_months,
        trained_on=bundle.manifest.trained_on,
        calibration=bundle.manifest.calibration,
        tolerance=bundle.manifest.tolerance,
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--impressions", type=int, required=True)
    parser.add_argument("--creatives", type=int, required=True)
    told = parser.parse_args()
    make(told.folder, told.impressions, told.creatives)
