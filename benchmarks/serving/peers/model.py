"""The model as peers hold it: pydantic checks candidates, ONNX Runtime scores them.

The least that answers right: what the bundle's encoder says, written down for rows as they come out
of pydantic. No prediction log, no metrics, no count of unknown creatives.
"""

from __future__ import annotations

import math
import os
from bisect import bisect_right
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import onnxruntime as ort
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, create_model

from adclick.bundle.bundle import HEAD, ServingBundle, load_bundle
from adclick.columns import LONGEST_VALUE, CategoricalColumn, NumericColumn
from adclick.encoding.encoder import NumericEncoding
from adclick.schema import Schema
from benchmarks.serving.peers import BUNDLE

Text = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_VALUE)
]


def candidate_type(schema: Schema) -> type[BaseModel]:
    """A pydantic model of one candidate."""
    fields: dict[str, Any] = {schema.time: (datetime, ...)}
    if schema.creative:
        fields[schema.creative] = (Text | None, None)
    fields |= {name: _category(column) for name, column in schema.categorical.items()}
    fields |= {name: _number(column) for name, column in schema.numeric.items()}
    return create_model("Candidate", __config__=ConfigDict(extra="forbid"), **fields)


def _category(column: CategoricalColumn) -> tuple[Any, Any]:
    kind = Literal[tuple(column.allowed)] if column.allowed else Text
    return kind, ... if column.default is None else column.default


def _number(column: NumericColumn) -> tuple[Any, Any]:
    bounds = Field(strict=True, ge=column.min, le=column.max, allow_inf_nan=False)
    return Annotated[float, bounds], ... if column.default is None else column.default


class Model:
    """Scores what pydantic let through."""

    def __init__(self, bundle: ServingBundle) -> None:
        self._bundle = bundle
        self._encoder, self._schema = bundle.encoder, bundle.schema
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        self._head = ort.InferenceSession(
            bundle.path / HEAD, options, providers=["CPUExecutionProvider"]
        )
        self._embeddings = np.array(bundle.creative_embeddings)
        self._rows = {name: row for row, name in enumerate(bundle.creative_ids, start=1)}
        numeric = self._encoder.numeric
        self._normal = [(n.name, partial(_normal, n)) for n in numeric]
        self._slots = [(c.name, c.slots) for c in self._encoder.categorical]
        self._edges = [(n.name, n.log, n.edges) for n in numeric]

    def score(self, candidates: Sequence[BaseModel]) -> list[float]:
        """Click probabilities of candidates, in their order."""
        rows = [vars(candidate) for candidate in candidates]
        inputs = {
            "categorical": np.array([self._categorical(row) for row in rows], np.int32),
            "numeric": np.array(
                [[normal(row[name]) for name, normal in self._normal] for row in rows], np.float32
            ),
            "creative": self._embeddings[
                [self._rows.get(row[self._schema.creative], 0) for row in rows]
            ],
        }
        (logits,) = self._head.run(None, inputs)
        scores = self._bundle.manifest.calibration.probability(logits.reshape(-1))
        return list(scores.tolist())

    def _categorical(self, row: dict[str, Any]) -> list[int]:
        time = row[self._encoder.time]
        if time.tzinfo is not None:
            time = time.astimezone(UTC)
        return [
            *(slots.get(row[name], 0) for name, slots in self._slots),
            *(
                bisect_right(edges, math.log1p(row[name]) if log else row[name])
                for name, log, edges in self._edges
            ),
            time.hour,
            time.weekday(),
        ]


def _normal(encoding: NumericEncoding, value: float) -> float:
    return ((math.log1p(value) if encoding.log else value) - encoding.mean) / encoding.scale


def load_model() -> tuple[Model, type[BaseModel]]:
    """The model of the bundle that the environment names, and the type of its candidates."""
    bundle = load_bundle(Path(os.environ[BUNDLE]))
    return Model(bundle), candidate_type(bundle.schema)
