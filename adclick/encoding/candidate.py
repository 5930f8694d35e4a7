"""One candidate ad of a prediction request: the door at which bad values are turned away."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeGuard

from adclick.errors import RequestError
from adclick.numbers import LARGEST
from adclick.schema import LONGEST_VALUE, CategoricalColumn, NumericColumn, Schema
from adclick.times import parse_time

Candidate = dict[str, str | float | datetime | None]


def parse_candidate(schema: Schema, row: Mapping[str, Any], number: int = 0) -> Candidate:
    """The schema's features of `row`, typed: text, float and UTC time; creative may be None.

    `number` is the row's place in its request, for messages. Declared defaults stand in for
    missing values, and spaces around text do not count. Raises RequestError that names row and
    column for anything that the log's validation would put into quarantine: a missing or unknown
    column, a wrong type, a value out of range or not allowed, NaN.
    """
    features = schema.features
    unknown = next((name for name in row if name not in features), None)
    if unknown is not None:
        known = ", ".join(features)
        # shortened: the name is the client's, and messages reach logs
        raise RequestError(f"row {number}: unknown column {unknown[:60]!r}; columns are {known}")
    parsed: Candidate = {schema.time: _time(schema, row, number)}
    if schema.creative:
        parsed[schema.creative] = _creative(schema.creative, row, number)
    for name, categorical in schema.categorical.items():
        parsed[name] = _category(name, categorical, row, number)
    for name, numeric in schema.numeric.items():
        parsed[name] = _number(name, numeric, row, number)
    return parsed


def _refuse(number: int, column: str, problem: str) -> RequestError:
    return RequestError(f"row {number}: column {column!r} {problem}")


def _time(schema: Schema, row: Mapping[str, Any], number: int) -> datetime:
    value = row.get(schema.time)
    if value is None:
        raise _refuse(number, schema.time, "is missing")
    try:
        return parse_time(value, schema.time_format)
    except (ValueError, OverflowError):
        raise _refuse(
            number, schema.time, f"is no time of the format {schema.time_format!r}"
        ) from None


def _creative(name: str, row: Mapping[str, Any], number: int) -> str | None:
    value = row.get(name)
    if value is None:
        return None
    if not _is_text(value) or not value.strip():
        raise _refuse(number, name, "is no creative id (text)")
    return _of_bearable_length(value.strip(), name, number)


def _category(name: str, column: CategoricalColumn, row: Mapping[str, Any], number: int) -> str:
    value = row.get(name)
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if value is not None and not _is_text(value):
        raise _refuse(number, name, "is no text")
    value = column.default if value is None or not value.strip() else value.strip()
    if value is None:
        raise _refuse(number, name, "is missing")
    if column.allowed is not None and value not in column.allowed:
        raise _refuse(number, name, f"is none of {', '.join(column.allowed)}")
    return _of_bearable_length(value, name, number)


def _of_bearable_length(value: str, name: str, number: int) -> str:
    if len(value) > LONGEST_VALUE:
        raise _refuse(number, name, f"is longer than {LONGEST_VALUE:,} characters")
    return value


def _is_text(value: object) -> TypeGuard[str]:
    if not isinstance(value, str):
        return False
    try:
        # half of a surrogate pair is valid in JSON, but no text that Arrow or a file could hold
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _number(name: str, column: NumericColumn, row: Mapping[str, Any], number: int) -> float:
    value = row.get(name)
    if value is None:
        value = column.default
        if value is None:
            raise _refuse(number, name, "is missing")
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _refuse(number, name, "is no number")
    try:
        value = float(value)
    except OverflowError:
        raise _refuse(number, name, "is too large a number") from None
    if not math.isfinite(value):
        raise _refuse(number, name, "is not finite")
    if abs(value) > LARGEST:
        raise _refuse(number, name, "is too large a number")
    if column.min is not None and value < column.min:
        raise _refuse(number, name, f"is below {column.min:g}")
    if column.max is not None and value > column.max:
        raise _refuse(number, name, f"is above {column.max:g}")
    return value
