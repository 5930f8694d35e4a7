"""Turns a prediction request into what the exported network takes. Needs NumPy alone.

Made by adclick from the specification in encoder.json, and proven equal to its encoder.
"""

from __future__ import annotations

import json
import math
import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

Specification = dict[str, Any]
Encoded = tuple[list[int], list[float], str | None]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
END_OF_TIMES = 253_402_300_800.0
NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
HOUR = 3_600_000_000


class Encoder:
    """Encodes requests: dictionaries with a value for each of `features`."""

    def __init__(self, specification: str | Path) -> None:
        self.spec: Specification = json.loads(Path(specification).read_text(encoding="utf-8"))
        self.features: list[str] = self.spec["features"]
        self._slots = {
            column["name"]: {value: slot for slot, value in enumerate(column["values"], 1)}
            for column in self.spec["text"]
        }

    def encode(
        self, requests: Iterable[Mapping[str, Any]]
    ) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any], list[str | None]]:
        """Slots int32 (n, C), numbers float32 (n, D) and the creatives' ids or None (n,).

        Raises ValueError that names row and column for a request that cannot be scored.
        """
        rows = [self._encoded(number, request) for number, request in enumerate(requests)]
        wide = len(self.spec["text"]) + len(self.spec["numbers"]) + 2
        return (
            np.array([row[0] for row in rows], np.int32).reshape(-1, wide),
            np.array([row[1] for row in rows], np.float32).reshape(len(rows), -1),
            [row[2] for row in rows],
        )

    def probability(self, logits: Any) -> np.ndarray[Any, Any]:
        """Click probabilities of the network's logits (n, 1)."""
        calibration = self.spec["calibration"]
        found = np.asarray(logits, np.float64).reshape(-1)
        if calibration["logits"]:
            points = calibration["logits"], calibration["probabilities"]
            return np.asarray(np.interp(found, *points))
        eta = calibration["slope"] * found + calibration["intercept"]
        return np.asarray(1 / (1 + np.exp(-eta)))

    def _encoded(self, number: int, request: Mapping[str, Any]) -> Encoded:
        try:
            return self._row(request)
        except ValueError as error:
            raise ValueError(f"row {number}: {error}") from None

    def _row(self, request: Mapping[str, Any]) -> Encoded:
        unknown = [name for name in request if name not in self.features]
        if unknown:
            raise ValueError(f"unknown column {unknown[0]!r}")
        time = _microseconds(request.get(self.spec["time"]), self.spec)
        creative = None
        if self.spec["image"] is not None:
            creative = _text(request.get(self.spec["creative"]), self.spec["creative"], self.spec)
        slots: list[int] = []
        numbers: list[float] = []
        for column in self.spec["text"]:
            word = _category(request.get(column["name"]), column, self.spec)
            slots.append(self._slots[column["name"]].get(word, 0))
        for column in self.spec["numbers"]:
            value = _number(request.get(column["name"]), column, self.spec)
            slots.append(bisect_right(column["edges"], value))
            scaled = float(np.log1p(value)) if column["log"] else value
            numbers.append((scaled - column["mean"]) / column["scale"])
        hours = time // HOUR
        slots += [hours % 24, (hours // 24 + 3) % 7]
        return slots, numbers, creative


def _microseconds(value: Any, spec: Specification) -> int:
    name, form = spec["time"], spec["time_format"]
    try:
        return (_time(value, form) - EPOCH) // timedelta(microseconds=1)
    except (ValueError, OverflowError):
        what = "is missing" if value is None else f"is no time of the format {form!r}"
        raise ValueError(f"column {name!r} {what}") from None


def _time(value: Any, form: str) -> datetime:
    if form == "epoch":
        if isinstance(value, str) and NUMBER.fullmatch(value.strip()):
            value = float(value.strip())
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError
        if not 0 <= value < END_OF_TIMES:
            raise ValueError
        return EPOCH + timedelta(microseconds=round(float(value) * 1e6))
    if not isinstance(value, str):
        raise ValueError
    text = value.strip()
    time = datetime.fromisoformat(text) if form == "iso" else datetime.strptime(text, form)
    if time.tzinfo is None:
        return time.replace(tzinfo=UTC)
    return time.astimezone(UTC)


def _is_text(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _text(value: Any, name: str, spec: Specification) -> str | None:
    """A creative's id, or None."""
    if value is None:
        return None
    if not _is_text(value) or not value.strip():
        raise ValueError(f"column {name!r} is no creative id (text)")
    return _bearable(value.strip(), name, spec)


def _category(value: Any, column: Specification, spec: Specification) -> str | None:
    name = column["name"]
    if column["optional"]:
        return _text(value, name, spec)
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if value is not None and not _is_text(value):
        raise ValueError(f"column {name!r} is no text")
    value = column["default"] if value is None or not value.strip() else value.strip()
    if value is None:
        raise ValueError(f"column {name!r} is missing")
    if column["allowed"] is not None and value not in column["allowed"]:
        raise ValueError(f"column {name!r} is none of {', '.join(column['allowed'])}")
    return _bearable(value, name, spec)


def _bearable(value: str, name: str, spec: Specification) -> str:
    if len(value) > spec["longest"]:
        raise ValueError(f"column {name!r} is longer than {spec['longest']:,} characters")
    return value


def _number(value: Any, column: Specification, spec: Specification) -> float:
    name = column["name"]
    if value is None:
        value = column["default"]
        if value is None:
            raise ValueError(f"column {name!r} is missing")
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"column {name!r} is no number")
    try:
        number = float(value)
    except OverflowError:
        raise ValueError(f"column {name!r} is too large a number") from None
    if not math.isfinite(number):
        raise ValueError(f"column {name!r} is not finite")
    if abs(number) > spec["largest"]:
        raise ValueError(f"column {name!r} is too large a number")
    if column["min"] is not None and number < column["min"]:
        raise ValueError(f"column {name!r} is below {column['min']:g}")
    if column["max"] is not None and number > column["max"]:
        raise ValueError(f"column {name!r} is above {column['max']:g}")
    return number
