"""Scores from a serving bundle, with ONNX Runtime and no TensorFlow."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import cached_property
from typing import Literal

import numpy as np
import onnxruntime as ort
import pyarrow as pa

from adclick.arrays import Array, Float32, Float64, Int64, UInt8
from adclick.bundle.bundle import HEAD, TOWER, ServingBundle
from adclick.encoding.candidate import Candidates
from adclick.encoding.encoder import Encoded, column_of
from adclick.lookup import NOWHERE, positions

FALLBACK = 0
IMAGE_BATCH = 256
ROWS_AT_ONCE = 1_024  # more fall out of the processor's caches

type Familiarity = Literal["known", "new", "unknown"]


class Scorer:
    """Click probabilities for requests and for rows of an ad log, the same for both.

    A creative that is not known is scored with the fallback embedding.
    """

    def __init__(self, bundle: ServingBundle, threads: int = 1) -> None:
        self.bundle = bundle
        self._threads = threads
        self._head = self._session(HEAD)
        self._ids: tuple[str, ...] = bundle.creative_ids if bundle.has_images else ()
        self._embeddings = bundle.creative_embeddings if bundle.has_images else None

    def _session(self, name: str) -> ort.InferenceSession:
        options = ort.SessionOptions()
        options.intra_op_num_threads = self._threads
        # what fails is raised; the runtime would print it too, with values of the request in it
        options.log_severity_level = 4
        return ort.InferenceSession(
            self.bundle.path / name, options, providers=["CPUExecutionProvider"]
        )

    @cached_property
    def _tower(self) -> ort.InferenceSession:
        return self._session(TOWER)

    @cached_property
    def _creative_rows(self) -> dict[str | None, int]:
        return {name: row for row, name in enumerate(self._ids, start=1)}

    @cached_property
    def _creative_set(self) -> pa.Array:
        return pa.array(self._ids, pa.string())

    @cached_property
    def _known_creatives(self) -> Collection[str | None]:
        if self.bundle.has_images:
            return self._creative_rows
        slots = {e.name: e.slots for e in self.bundle.encoder.categorical}
        return slots.get(str(self.bundle.schema.creative), {})

    def knows(self, creative: str | None) -> bool:
        """Whether the model learned this creative: its embedding, or its id where ads are ids."""
        return creative in self._known_creatives

    def embed(self, images: UInt8) -> Float32:
        """Embeddings (k, E) of images (k, height, width, 3), from the bundle's tower."""
        batches = [
            self._tower.run(None, {"images": np.asarray(images[start : start + IMAGE_BATCH])})[0]
            for start in range(0, len(images), IMAGE_BATCH)
        ]
        assert self._embeddings is not None
        embeddings: Float32 = np.concatenate([self._embeddings[:0], *batches])
        return embeddings

    def with_creatives(self, ids: Sequence[str], images: UInt8) -> Scorer:
        """A scorer that knows these creatives too; `images` (k, height, width, 3) go with `ids`."""
        new = [row for row, name in enumerate(ids) if not self.knows(name)]
        scorer = Scorer(self.bundle, self._threads)
        if new and self._embeddings is not None:
            scorer._ids = (*self._ids, *(ids[row] for row in new))
            scorer._embeddings = np.concatenate([self._embeddings, self.embed(images[new])])
        return scorer

    def score(self, candidates: Candidates, new: Mapping[int, Float32] | None = None) -> Float64:
        """Click probabilities of a request's candidates, float64 (n,).

        `new` holds the embedding (E,) of a creative that is not known, by the candidate's number.
        """
        encoded = self.bundle.encoder.encode_candidates(candidates)
        if self._embeddings is None:
            return self._run(encoded, None)
        row_of = self._creative_rows.get
        rows = [row_of(creative, FALLBACK) for creative in self._creatives(candidates)]
        embeddings = self._embeddings[rows]
        for number, embedding in (new or {}).items():
            embeddings[number] = embedding
        return self._run(encoded, embeddings)

    def familiarity(
        self, candidates: Candidates, new: Mapping[int, Float32] | None = None
    ) -> list[Familiarity]:
        """Whether each candidate's creative is known, or new as in `score`, or unknown.

        Empty where the schema has no creatives.
        """
        known, new = self._known_creatives, new or {}
        return [
            "known" if creative in known else "new" if number in new else "unknown"
            for number, creative in enumerate(self._creatives(candidates))
        ]

    def _creatives(self, candidates: Candidates) -> Sequence[str | None]:
        creative = self.bundle.schema.creative
        return candidates.columns[creative] if creative else ()

    @property
    def embeddings(self) -> Float32:
        """The known creatives' embeddings, float32 (1 + k, E); row FALLBACK is for all others."""
        assert self._embeddings is not None
        return self._embeddings

    def creative_rows(self, ids: pa.Array) -> Int64:
        """The rows (n,) of these creatives in `embeddings`."""
        return positions(ids, self._creative_set) + 1

    def knows_each(self, ids: pa.Array) -> Array:
        """As `knows`, of a whole column: bool (n,)."""
        known = self._creative_set
        if not self.bundle.has_images:
            known = pa.array(list(self._known_creatives), pa.string())
        return np.asarray(positions(ids, known) != NOWHERE)

    def score_batch(
        self, batch: pa.RecordBatch | pa.Table, shown: Float32 | None = None
    ) -> Float64:
        """Click probabilities of an ad log's rows, float64 (n,).

        `shown` are the embeddings (n, E) of their creatives, where these are not to be looked up.
        """
        encoded = self.bundle.encoder.encode(batch)
        if shown is None and self._embeddings is not None:
            ids = column_of(batch, str(self.bundle.schema.creative))
            shown = self._embeddings[self.creative_rows(ids)]
        scores = np.empty(batch.num_rows)
        for first in range(0, batch.num_rows, ROWS_AT_ONCE):
            part = slice(first, first + ROWS_AT_ONCE)
            some = Encoded(encoded.categorical[part], encoded.numeric[part])
            scores[part] = self._run(some, None if shown is None else shown[part])
        return scores

    def _run(self, encoded: Encoded, embeddings: Float32 | None) -> Float64:
        inputs = {"categorical": encoded.categorical, "numeric": encoded.numeric}
        if embeddings is not None:
            inputs["creative"] = embeddings
        (logits,) = self._head.run(None, inputs)
        return self.bundle.manifest.calibration.probability(logits.reshape(-1))
