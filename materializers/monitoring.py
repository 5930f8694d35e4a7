"""Artifacts of monitoring: labelled predictions, drift reports and the judgement of them."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from zenml.enums import ArtifactType
from zenml.metadata.metadata_types import MetadataType

from adclick.feedback.join import JoinCounts
from adclick.feedback.predictions import LabelledPredictions
from adclick.monitoring.report import DriftReport
from adclick.monitoring.reports import DriftReports
from adclick.monitoring.verdict import Judgement
from adclick.views.judgement_page import judgement_page
from materializers.folder import FolderMaterializer

TABLE = "predictions.parquet"
COUNTS = "counts.json"
JUDGEMENT = "judgement.json"


class LabelledPredictionsMaterializer(FolderMaterializer):
    """Predictions with their labels as Parquet."""

    ASSOCIATED_TYPES = (LabelledPredictions,)
    ASSOCIATED_ARTIFACT_TYPE = ArtifactType.DATA
    SKIP_REGISTRATION = False

    def write(self, data: LabelledPredictions, folder: Path) -> None:
        """The table and the counts."""
        pq.write_table(data.table, folder / TABLE)
        (folder / COUNTS).write_text(json.dumps(asdict(data.counts)), encoding="utf-8")

    def read(self, folder: Path) -> LabelledPredictions:
        """The predictions."""
        counts = JoinCounts(**json.loads((folder / COUNTS).read_bytes()))
        return LabelledPredictions(pq.read_table(folder / TABLE), counts.repeats, counts)

    def extract_metadata(self, data: LabelledPredictions) -> dict[str, MetadataType]:
        """How many there are, and what is known of their clicks."""
        return dict(asdict(data.counts))

    def compute_content_hash(self, data: LabelledPredictions) -> str:
        """The same predictions and labels are the same, however often they were told again."""
        stream = pa.BufferOutputStream()
        with pa.ipc.new_stream(stream, data.table.schema) as writer:
            writer.write_table(data.table.combine_chunks())
        counts = json.dumps({**asdict(data.counts), "repeats": 0})
        return hashlib.sha256(stream.getvalue().to_pybytes() + counts.encode()).hexdigest()


class JudgementMaterializer(FolderMaterializer):
    """A verdict and its reasons as JSON, and a page that says them."""

    ASSOCIATED_TYPES = (Judgement,)
    ASSOCIATED_ARTIFACT_TYPE = ArtifactType.DATA_ANALYSIS
    SKIP_REGISTRATION = False

    def write(self, data: Judgement, folder: Path) -> None:
        """One document."""
        (folder / JUDGEMENT).write_text(json.dumps(asdict(data)), encoding="utf-8")

    def read(self, folder: Path) -> Judgement:
        """The judgement."""
        content = json.loads((folder / JUDGEMENT).read_bytes())
        return Judgement(content["verdict"], tuple(content["reasons"]))

    def pages(self, data: Judgement) -> dict[str, str]:
        """The verdict and what to look at."""
        return {"page": judgement_page(data)}

    def extract_metadata(self, data: Judgement) -> dict[str, MetadataType]:
        """The verdict."""
        return {"verdict": data.verdict, "reasons": list(data.reasons)}

    def compute_content_hash(self, data: Judgement) -> str:
        """The same verdict for the same reasons is the same."""
        return hashlib.sha256(json.dumps(asdict(data)).encode()).hexdigest()


class DriftReportsMaterializer(FolderMaterializer):
    """Reports with Evidently's snapshots, and Evidently's pages to look at."""

    ASSOCIATED_TYPES = (DriftReports,)
    ASSOCIATED_ARTIFACT_TYPE = ArtifactType.DATA_ANALYSIS
    SKIP_REGISTRATION = False

    def write(self, data: DriftReports, folder: Path) -> None:
        """A folder a report."""
        for number, report in enumerate(data.reports):
            target = folder / f"{number:03}"
            target.mkdir()
            for name, text in report.files().items():
                (target / name).write_text(text, encoding="utf-8")

    def read(self, folder: Path) -> DriftReports:
        """The reports in their order."""
        folders = sorted(path for path in folder.glob("[0-9][0-9][0-9]") if path.is_dir())
        return DriftReports(
            tuple(
                DriftReport.from_files(
                    {path.name: path.read_text(encoding="utf-8") for path in one.iterdir()}
                )
                for one in folders
            )
        )

    def pages(self, data: DriftReports) -> dict[str, str]:
        """Evidently's page of each report."""
        return {report.name.replace(" ", "-"): report.html for report in data.reports}

    def extract_metadata(self, data: DriftReports) -> dict[str, MetadataType]:
        """The verdicts."""
        return {
            "verdict": data.verdict,
            "verdicts": {report.name: report.verdict for report in data.reports},
        }

    def compute_content_hash(self, data: DriftReports) -> str:
        """The same comparisons are the same."""
        prints = "\n".join(report.fingerprint for report in data.reports)
        return hashlib.sha256(prints.encode()).hexdigest()
