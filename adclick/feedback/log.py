"""The log of clicks and no-clicks as they were told, each telling a row."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adclick.prediction_log.names import CANDIDATE, CLICKED, CLICKED_AT, REQUEST
from adclick.records.writer import RecordLogWriter

FOLDER = "feedback"


def feedback_root(prediction_log: str | Path) -> str:
    """Where the feedback on a prediction log lies: in a folder of that log."""
    return f"{str(prediction_log).rstrip('/')}/{FOLDER}"


@dataclass(frozen=True, slots=True)
class Feedback:
    """Whether a request's candidate (from 0) was clicked, and when that was seen.

    `at` is in microseconds since 1970 in UTC; None stands for when it is logged.
    """

    request_id: str
    candidate: int
    clicked: bool
    at: int | None = None


class FeedbackLogWriter:
    """Writes the feedback log at `root`, a folder or any fsspec URL; see RecordLogWriter."""

    def __init__(self, root: str | Path) -> None:
        self._records = RecordLogWriter(root)

    @property
    def dropped(self) -> int:
        """How many pieces of feedback could not be logged so far."""
        return self._records.dropped

    def append(self, feedback: Sequence[Feedback]) -> bool:
        """Log feedback, all of it or none; returns whether it was taken."""
        now = time.time_ns() // 1_000
        columns: dict[str, list[Any]] = {
            REQUEST: [item.request_id for item in feedback],
            CANDIDATE: [item.candidate for item in feedback],
            CLICKED: [item.clicked for item in feedback],
            CLICKED_AT: [now if item.at is None else item.at for item in feedback],
        }
        return self._records.append({}, columns)

    def close(self) -> None:
        """Write all that was appended; later feedback is not taken."""
        self._records.close()
