"""Months of a log as the served model sees them: scored, with the looks of what was shown."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import pyarrow as pa

from adclick.adlog import IMPRESSIONS, AdLog, Month, RowSelection
from adclick.arrays import Float32
from adclick.bundle.bundle import ServingBundle
from adclick.bundle.scorer import Scorer
from adclick.monitoring.images import ImageBasis, shown_creatives, with_images
from adclick.monitoring.performance import Performance, measure_performance
from adclick.monitoring.profile import Profile, month_profile
from adclick.monitoring.row_profile import profile_rows
from adclick.monitoring.slice_codes import SliceCodes
from adclick.prediction_log import SCORE
from adclick.statistics.log import known_month


class ScoredMonths:
    """A log beside the bundle that scores it; each row is read once a question, memory is flat."""

    def __init__(self, log: AdLog, bundle: ServingBundle) -> None:
        self._log, self._bundle = log, bundle

    @cached_property
    def _scorer(self) -> Scorer:
        creatives = self._log.creatives()
        scorer = Scorer(self._bundle)
        return scorer.with_creatives(creatives.ids, creatives.images) if creatives else scorer

    def profile(self, month: Month, basis: ImageBasis | None) -> Profile:
        """The month's profile, with the looks of its creatives where the log has them."""
        profile, creatives = month_profile(known_month(self._log, month)), self._log.creatives()
        if creatives is None:
            return profile
        return with_images(profile, creatives, basis, self.embed if basis else None)

    def basis(self, profile: Profile) -> ImageBasis | None:
        """The basis of the embeddings of the profile's creatives; None where there are none."""
        creatives = self._log.creatives()
        if creatives is None or not self._bundle.has_images:
            return None
        ids, shown = shown_creatives(profile, creatives)
        return ImageBasis.of(self.embed(ids), shown) if len(ids) > 1 else None

    def embed(self, ids: pa.Array) -> Float32:
        """The embeddings (k, E) of creatives of the log."""
        embeddings: Float32 = self._scorer.embeddings[self._scorer.creative_rows(ids)]
        return embeddings

    def performance(self, rows: RowSelection, slices: SliceCodes, least: int) -> Performance | None:
        """How good the bundle's scores of these rows are; None where nothing was clicked."""
        batches = self._log.batches(rows)
        schema = self._log.ad_schema
        found = measure_performance(batches, self._scorer.score_batch, schema, slices, least)
        return found if 0 < found.clicks < found.impressions else None

    def requests(self, rows: RowSelection, of_creative: Sequence[str]) -> Profile:
        """The profile of these rows as requests, with the bundle's scores."""
        schema = self._log.ad_schema
        scored = (
            batch.append_column(SCORE, pa.array(self._scorer.score_batch(batch)))
            for batch in self._log.batches(rows, [*schema.features, IMPRESSIONS])
        )
        return profile_rows(rows.describe(), scored, schema, of_creative)
