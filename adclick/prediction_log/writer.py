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
        features: Mapping[str, Sequence[Any]],
        scores: Sequence[float],
    ) -> bool:
        """Log one answered request: candidate i with `features[name][i]` was given `scores[i]`.

        Neither may change afterwards. Returns False where there is no room for them, so that they
        are dropped. Raises ValueError where one has no other.
        """
        count = len(scores)
        if short := [name for name, values in features.items() if len(values) != count]:
            raise ValueError(f"{short[0]}: {len(features[short[0]])} values for {count} scores")
        return self._records.append(
            {REQUEST: request_id, MODEL_VERSION: model_version},
            {**features, CANDIDATE: list(range(count)), SCORE: scores},
        )

    def close(self) -> None:
        """Write all that was appended; to be called when nothing is answered any more."""
        self._records.close()
