"""A sample whose world turns, month by month, with what is true of it."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from adclick.adlog import AdLog
from adclick.arrays import Float64
from adclick.bundle.bundle import ServingBundle
from adclick.bundle.scorer import Scorer
from adclick.ingest.ingest import ingest
from adclick.ingest.sources import find_source
from adclick.sample_data.ceiling import expected_auc
from adclick.sample_data.generate import SampleData, generate
from adclick.sample_data.options import SampleOptions
from adclick.schema import load_schema
from adclick.scoring.source import of_months
from benchmarks.processes import REPOSITORY

SCHEMA = REPOSITORY / "configs" / "schemas" / "sample.yaml"


@dataclass(frozen=True)
class World:
    """The ingested log of a sample, and the sample's truth."""

    sample: SampleData
    log: AdLog

    @property
    def months(self) -> tuple[str, ...]:
        """All months, oldest first."""
        return self.log.month_names

    def between(self, first: str, last: str) -> AdLog:
        """The log with these months, and those between them, alone."""
        return of_months(self.log, f"{first}:{last}")

    def auc(self, bundle: ServingBundle, month: str) -> float:
        """The AUC that the bundle reaches in a month, on average over what could be clicked."""
        scores, truth = self._scored(bundle, month)
        return expected_auc(truth, scores)

    def ceiling(self, month: str) -> float:
        """The AUC of the true probabilities of a month, which no model exceeds."""
        truth = np.array(list(self._truth(month).values()))
        return expected_auc(truth, truth)

    def _scored(self, bundle: ServingBundle, month: str) -> tuple[Float64, Float64]:
        creatives = self.log.creatives()
        assert creatives is not None
        scorer = Scorer(bundle).with_creatives(creatives.ids, creatives.images)
        known, scores, truth = self._truth(month), [], []
        for batch in self.log.batches(self.log.everything(month)):
            scores.append(scorer.score_batch(batch))
            truth += [known[name] for name in batch.column("impression_id").to_pylist()]
        return np.concatenate(scores), np.array(truth)

    def _truth(self, month: str) -> dict[str, float]:
        with (self.sample.truth / f"{month}.csv").open(newline="") as file:
            return {row["impression_id"]: float(row["p"]) for row in csv.DictReader(file)}


def make_world(options: SampleOptions, work: Path) -> World:
    """The world of these options, made in `work`."""
    folder = work / options.fingerprint
    sample = generate(options, folder / "sample")
    schema = load_schema(SCHEMA)
    log = ingest(find_source(str(sample.data), schema), schema, str(folder / "logs"))
    return World(sample, log)
