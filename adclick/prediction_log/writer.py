"""Logs what a server answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from adclick.prediction_log.names import CANDIDATE, MODEL_VERSION, REQUEST, SCORE
from adclick.records.writer import RecordLogWriter


class PredictionLogWriter:
    """Writes the prediction log at `root`, a folder or any fsspec URL; see RecordLogWriter."""

    def __init__(self, root: str | Path) -> None:
        self._records = RecordLogWriter(root)

    @property
    def dropped(self) -> int:
        """How many answered candidates could not be logged so far."""
        return self._records.dropped

    def append(
        self,
        request_id: str,
        model_version: str,
        rows: Sequence[Mapping[str, Any]],
        scores: Sequence[float],
    ) -> bool:
        """Log one answered request: `rows[i]` (features by name) was given `scores[i]`.

        Rows and scores must not change afterwards. Returns False where there is no room for them,
        so that they are dropped. Raises ValueError where one has no other.
        """
        if len(rows) != len(scores):
            raise ValueError(f"{len(scores)} scores for {len(rows)} rows")
        return self._records.append(
            {REQUEST: request_id, MODEL_VERSION: model_version},
            rows,
            {CANDIDATE: list(range(len(rows))), SCORE: scores},
        )

    def close(self) -> None:
        """Write all that was appended; to be called when nothing is answered any more."""
        self._records.close()
