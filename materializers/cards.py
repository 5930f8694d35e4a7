"""What is known of a version before it may be deployed: its server's trial, and its card."""

from __future__ import annotations

from zenml.enums import ArtifactType, VisualizationType
from zenml.metadata.metadata_types import MetadataType

from adclick.card.card import ModelCard
from adclick.evaluation.serving import ServingFigures
from adclick.views.evaluation_page import evaluation_page
from adclick.views.model_card import card_markdown, card_page
from adclick.views.serving_page import serving_page
from materializers.documents import DocumentMaterializer
from materializers.folder import write_pages


class ServingFiguresMaterializer(DocumentMaterializer):
    """The figures of a server's trial, and a page of them."""

    ASSOCIATED_TYPES = (ServingFigures,)
    ASSOCIATED_ARTIFACT_TYPE = ArtifactType.DATA_ANALYSIS
    SKIP_REGISTRATION = False

    def page(self, data: ServingFigures) -> str:
        """Skew, latency, memory and size."""
        return serving_page(data)

    def facts(self, data: ServingFigures) -> dict[str, MetadataType]:
        """All of them."""
        return dict(data.model_dump(mode="json"))


class ModelCardMaterializer(DocumentMaterializer):
    """The card of a version, as a page and as Markdown, and its evaluation."""

    ASSOCIATED_TYPES = (ModelCard,)
    ASSOCIATED_ARTIFACT_TYPE = ArtifactType.DATA_ANALYSIS
    SKIP_REGISTRATION = False

    def page(self, data: ModelCard) -> str:
        """The card as HTML."""
        return card_page(data)

    def save_visualizations(self, data: ModelCard) -> dict[str, VisualizationType]:
        """Write the card, the evaluation with its verdict, and the card as Markdown."""
        pages = {
            "page": self.page(data),
            "evaluation": evaluation_page(data.evaluation, data.decision),
        }
        return {
            **write_pages(self, pages),
            **write_pages(self, {"card": card_markdown(data)}, VisualizationType.MARKDOWN),
        }

    def facts(self, data: ModelCard) -> dict[str, MetadataType]:
        """Which version it is of, the verdict, and the lineage."""
        verdict: dict[str, MetadataType] = {
            "version": data.version,
            "promote": data.decision.promote,
        }
        return {**verdict, **data.lineage.metadata()}
