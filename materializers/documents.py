"""Artifacts that are one JSON document: handles, figures, decisions."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar

from pydantic import BaseModel
from zenml.enums import ArtifactType, VisualizationType
from zenml.materializers.pydantic_materializer import PydanticMaterializer
from zenml.metadata.metadata_types import MetadataType

from adclick.adlog import AdLog
from adclick.canary.trial import CanaryTrial
from adclick.encoding.encoder import FeatureEncoder
from adclick.evaluation.decision import Decision
from adclick.evaluation.evaluation import CHALLENGER, Evaluation
from adclick.explanation.explanation import Explanation
from adclick.monitoring.reference import Reference
from adclick.scoring.scores import Scores
from adclick.statistics.log import LogStatistics, Validation
from adclick.training.trials import Trials
from adclick.views.adlog_page import adlog_page
from adclick.views.decision_page import decision_page
from adclick.views.encoder_page import encoder_page
from adclick.views.evaluation_page import evaluation_page
from adclick.views.explanation_page import explanation_page
from adclick.views.reference_page import reference_page
from adclick.views.scores_page import scores_page
from adclick.views.statistics_page import statistics_page, validation_page
from adclick.views.trial_page import trial_page
from adclick.views.trials_page import trials_page
from materializers.folder import write_pages


class DocumentMaterializer(PydanticMaterializer):
    """A pydantic model as JSON, with a page that a person can read.

    Equal documents have equal content hashes, so that ZenML's cache sees what did not change.
    """

    ASSOCIATED_ARTIFACT_TYPE: ClassVar[ArtifactType] = ArtifactType.DATA
    ASSOCIATED_TYPES: ClassVar[tuple[type[Any], ...]] = (BaseModel,)
    SKIP_REGISTRATION: ClassVar[bool] = True

    @abstractmethod
    def page(self, data: Any) -> str:
        """The document as HTML."""

    def facts(self, data: Any) -> dict[str, MetadataType]:
        """Figures that ZenML shows beside the artifact."""
        del data
        return {}

    def save_visualizations(self, data: Any) -> dict[str, VisualizationType]:
        """Write the page beside the document."""
        return write_pages(self, {"page": self.page(data)})

    def extract_metadata(self, data: Any) -> dict[str, MetadataType]:
        """The facts, without the JSON schema that ZenML would keep."""
        return self.facts(data)


class AdLogMaterializer(DocumentMaterializer):
    """The handle, and a page of months, click rates, quarantine and creatives."""

    ASSOCIATED_TYPES = (AdLog,)
    SKIP_REGISTRATION = False

    def page(self, data: AdLog) -> str:
        """Counts, quarantine and creatives."""
        return adlog_page(data)

    def facts(self, data: AdLog) -> dict[str, MetadataType]:
        """Sizes of the log."""
        return {
            "months": list(data.month_names),
            "impressions": sum(month.impressions for month in data.months),
            "clicks": sum(month.clicks for month in data.months),
            "rows_quarantined": sum(month.rows_quarantined for month in data.months),
            "creatives": data.creative_files.count if data.creative_files else 0,
        }


class LogStatisticsMaterializer(DocumentMaterializer):
    """The statistics, and a page of anomalies, columns and months."""

    ASSOCIATED_TYPES = (LogStatistics,)
    ASSOCIATED_ARTIFACT_TYPE = ArtifactType.DATA_ANALYSIS
    SKIP_REGISTRATION = False

    def page(self, data: LogStatistics) -> str:
        """Anomalies, columns and months."""
        return statistics_page(data)

    def facts(self, data: LogStatistics) -> dict[str, MetadataType]:
        """How much is described, and how much of it is unusual."""
        severities = [anomaly.severity for anomaly in data.anomalies]
        return {
            "columns": len(data.months[-1].columns),
            "errors": severities.count("error"),
            "warnings": severities.count("warning"),
        }


class ValidationMaterializer(DocumentMaterializer):
    """The warnings, and a page of them."""

    ASSOCIATED_TYPES = (Validation,)
    ASSOCIATED_ARTIFACT_TYPE = ArtifactType.DATA_ANALYSIS
    SKIP_REGISTRATION = False

    def page(self, data: Validation) -> str:
        """The warnings."""
        return validation_page(data)

    def facts(self, data: Validation) -> dict[str, MetadataType]:
        """How many."""
        return {"warnings": len(data.anomalies)}


class FeatureEncoderMaterializer(DocumentMaterializer):
    """The encoder, and a page of its slots."""

    ASSOCIATED_TYPES = (FeatureEncoder,)
    SKIP_REGISTRATION = False

    def page(self, data: FeatureEncoder) -> str:
        """Columns, slots and scales."""
        return encoder_page(data)

    def facts(self, data: FeatureEncoder) -> dict[str, MetadataType]:
        """Sizes of the encoding."""
        return {"columns": len(data.slot_names), "slots": sum(data.slot_counts)}


class ReferenceMaterializer(DocumentMaterializer):
    """What monitoring compares with, and a page of its columns."""

    ASSOCIATED_TYPES = (Reference,)
    ASSOCIATED_ARTIFACT_TYPE = ArtifactType.DATA_ANALYSIS
    SKIP_REGISTRATION = False

    def page(self, data: Reference) -> str:
        """Columns, and how far months usually differ."""
        return reference_page(data)

    def facts(self, data: Reference) -> dict[str, MetadataType]:
        """How much it rests on."""
        whole = data.whole
        return {"period": whole.period, "impressions": whole.impressions}


class EvaluationMaterializer(DocumentMaterializer):
    """The evaluation, and a page that compares the models."""

    ASSOCIATED_TYPES = (Evaluation,)
    ASSOCIATED_ARTIFACT_TYPE = ArtifactType.DATA_ANALYSIS
    SKIP_REGISTRATION = False

    def page(self, data: Evaluation) -> str:
        """Metrics with intervals, calibration and slices."""
        return evaluation_page(data)

    def facts(self, data: Evaluation) -> dict[str, MetadataType]:
        """The challenger's metrics."""
        challenger = data.model(CHALLENGER)
        figures = challenger.metrics if challenger else {}
        return {name: figure.value for name, figure in figures.items()}


class DecisionMaterializer(DocumentMaterializer):
    """The decision, and a page of its conditions."""

    ASSOCIATED_TYPES = (Decision,)
    SKIP_REGISTRATION = False

    def page(self, data: Decision) -> str:
        """Verdict and conditions."""
        return decision_page(data)

    def facts(self, data: Decision) -> dict[str, MetadataType]:
        """The verdict."""
        return {"promote": data.promote, "reason": data.reason}


class TrialsMaterializer(DocumentMaterializer):
    """What a search for settings found, and a page of all trials."""

    ASSOCIATED_TYPES = (Trials,)
    ASSOCIATED_ARTIFACT_TYPE = ArtifactType.DATA_ANALYSIS
    SKIP_REGISTRATION = False

    def page(self, data: Trials) -> str:
        """Every trial, the best first."""
        return trials_page(data)

    def facts(self, data: Trials) -> dict[str, MetadataType]:
        """How many trials there were, and the best."""
        best = data.trials[data.best]
        return {"trials": len(data.trials), "best_logloss": best.logloss, **best.settings}


class ExplanationMaterializer(DocumentMaterializer):
    """What a model goes by, and a page of it."""

    ASSOCIATED_TYPES = (Explanation,)
    ASSOCIATED_ARTIFACT_TYPE = ArtifactType.DATA_ANALYSIS
    SKIP_REGISTRATION = False

    def page(self, data: Explanation) -> str:
        """Columns by what they are worth, and pictures by what they do."""
        return explanation_page(data)

    def facts(self, data: Explanation) -> dict[str, MetadataType]:
        """What is lost without each group of columns."""
        return {one.group: one.logloss for one in data.importances}


class CanaryTrialMaterializer(DocumentMaterializer):
    """What came of a canary, and a page of its conditions."""

    ASSOCIATED_TYPES = (CanaryTrial,)
    SKIP_REGISTRATION = False

    def page(self, data: CanaryTrial) -> str:
        """Outcome and conditions."""
        return trial_page(data)

    def facts(self, data: CanaryTrial) -> dict[str, MetadataType]:
        """The outcome."""
        return {"outcome": data.outcome, "reason": data.reason}


class ScoresMaterializer(DocumentMaterializer):
    """The manifest, and a page of months, reasons and creatives."""

    ASSOCIATED_TYPES = (Scores,)
    SKIP_REGISTRATION = False

    def page(self, data: Scores) -> str:
        """What has a score, and what has none."""
        return scores_page(data)

    def facts(self, data: Scores) -> dict[str, MetadataType]:
        """Counts, and the version."""
        return {
            "version": data.version,
            "rows_in": data.rows_in,
            "rows_scored": data.rows_scored,
            "rows_unscored": data.rows_unscored,
        }
