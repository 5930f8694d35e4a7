"""Scores from a serving bundle, with ONNX Runtime and no TensorFlow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

import numpy as np
import onnxruntime as ort
import pyarrow as pa
import pyarrow.compute as pc

from adclick.arrays import Array, Float64
from adclick.bundle.bundle import HEAD, ServingBundle
from adclick.encoding.candidate import Candidate
from adclick.encoding.encoder import Encoded

FALLBACK = 0


class Scorer:
    """Click probabilities for requests and for rows of an ad log, the same for both.

    A creative that is not in the bundle is scored with the fallback embedding.
    """

    def __init__(self, bundle: ServingBundle, threads: int = 1) -> None:
        self.bundle = bundle
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        self._head = ort.InferenceSession(
            bundle.path / HEAD, options, providers=["CPUExecutionProvider"]
        )

    @cached_property
    def _creative_rows(self) -> dict[str, int]:
        return {name: row for row, name in enumerate(self.bundle.creative_ids, start=1)}

    @cached_property
    def _creative_set(self) -> pa.Array:
        return pa.array(self.bundle.creative_ids, pa.string())

    @cached_property
    def _known_creatives(self) -> Mapping[str, int]:
        if self.bundle.has_images:
            return self._creative_rows
        slots = {e.name: e.slots for e in self.bundle.encoder.categorical}
        return slots.get(str(self.bundle.schema.creative), {})

    def knows(self, creative: str | None) -> bool:
        """Whether the model learned this creative: its embedding, or its id where ads are ids."""
        return creative in self._known_creatives

    def score(self, candidates: Sequence[Candidate]) -> Float64:
        """Click probabilities of a request's candidates, float64 (n,)."""
        encoded = self.bundle.encoder.encode_candidates(candidates)
        rows = None
        if self.bundle.has_images:
            creative = self.bundle.schema.creative
            rows = np.array(
                [self._creative_rows.get(str(row[str(creative)]), FALLBACK) for row in candidates]
            )
        return self._run(encoded, rows)

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
        if creative_rows is not None:
            inputs["creative"] = self.bundle.creative_embeddings[creative_rows]
        (logits,) = self._head.run(None, inputs)
        return self.bundle.manifest.calibration.probability(logits.reshape(-1))
