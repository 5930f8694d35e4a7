"""Scores from a serving bundle, with ONNX Runtime and no TensorFlow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

import numpy as np
import onnxruntime as ort
import pyarrow as pa
import pyarrow.compute as pc

from adclick.arrays import Array, Float32, Float64, UInt8
from adclick.bundle.bundle import HEAD, TOWER, ServingBundle
from adclick.encoding.candidate import Candidate
from adclick.encoding.encoder import Encoded

FALLBACK = 0
IMAGE_BATCH = 256


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
        return ort.InferenceSession(
            self.bundle.path / name, options, providers=["CPUExecutionProvider"]
        )

    @cached_property
    def _creative_rows(self) -> dict[str, int]:
        return {name: row for row, name in enumerate(self._ids, start=1)}

    @cached_property
    def _creative_set(self) -> pa.Array:
        return pa.array(self._ids, pa.string())

    @cached_property
    def _known_creatives(self) -> Mapping[str, int]:
        if self.bundle.has_images:
            return self._creative_rows
        slots = {e.name: e.slots for e in self.bundle.encoder.categorical}
        return slots.get(str(self.bundle.schema.creative), {})

    def knows(self, creative: str | None) -> bool:
        """Whether the model learned this creative: its embedding, or its id where ads are ids."""
        return creative in self._known_creatives

    def embed(self, images: UInt8) -> Float32:
        """Embeddings (k, E) of images (k, height, width, 3), from the bundle's tower."""
        tower = self._session(TOWER)
        batches = [
            tower.run(None, {"images": np.asarray(images[start : start + IMAGE_BATCH])})[0]
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

    def score(self, candidates: Sequence[Candidate]) -> Float64:
        """Click probabilities of a request's candidates, float64 (n,)."""
        encoded = self.bundle.encoder.encode_candidates(candidates)
        rows = None
        if self.bundle.has_images:
            creative = self.bundle.schema.creative
            rows = np.array([self._row_of(row[str(creative)]) for row in candidates])
        return self._run(encoded, rows)

    def _row_of(self, creative: object) -> int:
        return (
            self._creative_rows.get(creative, FALLBACK) if isinstance(creative, str) else FALLBACK
        )

    def score_batch(self, batch: pa.RecordBatch) -> Float64:
        """Click probabilities of an ad log's rows, float64 (n,)."""
        encoded = self.bundle.encoder.encode(batch)
        rows = None
        if self.bundle.has_images:
            ids = batch.column(self.bundle.schema.creative)
            found = pc.fill_null(pc.index_in(ids, value_set=self._creative_set), -1)
            rows = found.to_numpy(zero_copy_only=False) + 1
        return self._run(encoded, rows)

    def _run(self, encoded: Encoded, creative_rows: Array | None) -> Float64:
        inputs = {"categorical": encoded.categorical, "numeric": encoded.numeric}
        if creative_rows is not None and self._embeddings is not None:
            inputs["creative"] = self._embeddings[creative_rows]
        (logits,) = self._head.run(None, inputs)
        return self.bundle.manifest.calibration.probability(logits.reshape(-1))
