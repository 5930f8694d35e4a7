"""Batches of rows scored: creatives looked up, new ones among the embeddings of their images."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from adclick.arrays import Array, Float32, Int64
from adclick.bundle.scorer import FALLBACK, Scorer
from adclick.encoding.encoder import column_of
from adclick.ingest.bad_rows import BAD_ROWS
from adclick.lookup import NOWHERE, positions
from adclick.scoring.new_creatives import NewEmbeddings
from adclick.scoring.rows import Batch
from adclick.scoring.writing import KNOWN, NEW, UNKNOWN, ScoreWriter

TOO_LARGE = "its numbers are too large to be scored"


class ImagesFirstError(Exception):
    """New creatives are shown whose images were not embedded yet."""


class RowScorer:
    """Scores the batches of a unit; afterwards `seen` counts rows, `met` names new images.

    A creative that the model does not know is scored with its image's embedding among `new`, or
    with the fallback where it has no image.
    """

    def __init__(self, scorer: Scorer, new: NewEmbeddings | None) -> None:
        self._scorer, self._new = scorer, new
        self._schema = scorer.bundle.schema
        self.seen = 0
        self.met: set[str] = set()

    def meet(self, batch: Batch) -> None:
        """Count the batch and note the images of its new creatives, and score nothing."""
        self.seen += batch.table.num_rows + batch.bad.num_rows
        if self._scorer.bundle.has_images and batch.table.num_rows:
            unknown = np.flatnonzero(self._creative_rows(batch) == FALLBACK)
            self._note(batch, unknown)

    def score(self, batch: Batch, writer: ScoreWriter) -> None:
        """Write the batch's scores, and the rows without one.

        Raises ImagesFirstError, with the batch counted and noted, where embeddings are needed.
        """
        self.seen += batch.table.num_rows + batch.bad.num_rows
        writer.reject(batch.bad)
        if not batch.table.num_rows:
            return
        kinds, shown = None, None
        if self._scorer.bundle.has_images:
            batch, kinds, shown = self._with_creatives(batch, writer)
        elif self._schema.creative:
            known = self._scorer.knows_each(column_of(batch.table, self._schema.creative))
            kinds = np.where(known, KNOWN, UNKNOWN)
        scores = self._scorer.score_batch(batch.table, shown)
        ids, finite = column_of(batch.table, self._schema.id), np.isfinite(scores)
        if not finite.all():
            self._reject(batch, np.flatnonzero(~finite), "", [TOO_LARGE], writer)
            ids, scores = ids.filter(pa.array(finite)), scores[finite]
            kinds = kinds[finite] if kinds is not None else None
        writer.score(ids, scores, kinds)

    def _creative_rows(self, batch: Batch) -> Int64:
        return self._scorer.creative_rows(column_of(batch.table, str(self._schema.creative)))

    def _note(self, batch: Batch, unknown: Int64) -> None:
        if batch.images is not None and len(unknown):
            named = batch.images.take(pa.array(unknown)).unique().drop_null()
            self.met.update(named.to_pylist())

    def _with_creatives(self, batch: Batch, writer: ScoreWriter) -> tuple[Batch, Array, Float32]:
        """The rows to score, which kind their creatives are of, and the embeddings of these."""
        rows = self._creative_rows(batch)
        unknown = np.flatnonzero(rows == FALLBACK)
        self._note(batch, unknown)
        kinds, shown = np.zeros(len(rows), np.int32), self._scorer.embeddings[rows]
        kinds[unknown] = UNKNOWN
        if batch.images is None or not self.met or not len(unknown):
            return batch, kinds, shown
        if self._new is None:
            raise ImagesFirstError
        images = batch.images.take(pa.array(unknown))
        places = positions(images, self._new.names)
        there = places != NOWHERE
        kinds[unknown[there]] = NEW
        if there.any():
            shown[unknown[there]] = self._new.embeddings[places[there]]
        named = np.asarray(images.is_valid().to_numpy(zero_copy_only=False))
        if not (useless := named & ~there).any():
            return batch, kinds, shown
        reasons = [self._new.problems[name] for name in images.filter(useless).to_pylist()]
        bad = unknown[useless]
        self._reject(batch, bad, str(self._schema.image), reasons, writer)
        kept = np.delete(np.arange(len(rows)), bad)
        return batch.take(kept), kinds[kept], shown[kept]

    def _reject(
        self, batch: Batch, bad: Int64, column: str, reasons: list[str], writer: ScoreWriter
    ) -> None:
        count = len(bad)
        lines, texts = pa.array(batch.lines[bad]), pa.array(batch.text(bad), pa.string())
        why = pa.array(reasons * count if len(reasons) == 1 else reasons, pa.string())
        where = pa.array([column] * count, pa.string())
        writer.reject(pa.table([lines, where, why, texts], schema=BAD_ROWS))
