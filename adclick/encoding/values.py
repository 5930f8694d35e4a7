"""How the values of a request's columns are read: what is turned away, and what the rest become.

Each role has two readers. The one for a single value is the rule. The one for a whole column is
fast and gives the same, or None where a value asks for the rule: is missing, wrong or no plain one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Protocol, TypeGuard

from adclick.columns import (
    LONGEST_VALUE,
    CategoricalColumn,
    CreativeColumn,
    ImageColumn,
    NumericColumn,
    TextColumn,
    TimeColumn,
)
from adclick.numbers import LARGEST
from adclick.times import EPOCH, parse_time

MICROSECOND = timedelta(microseconds=1)
PLAIN_NUMBERS = frozenset((float, int))

type Value = str | float | None


class UnfitValueError(Exception):
    """A value that the column cannot hold; the message goes on after the column's name."""


class Reader(Protocol):
    """The two readers of a role."""

    def whole(self, values: Sequence[Any], column: Any, /) -> Sequence[Value] | None:
        """A column's values as `one` reads them, or None where that has to say."""

    def one(self, value: Any, column: Any, /) -> Value:
        """A value as the model takes it; raises UnfitValueError where it takes none such."""


class Times:
    """Times as microseconds since 1970, in UTC."""

    @staticmethod
    def whole(values: Sequence[Any], column: TimeColumn) -> list[int] | None:
        """Each distinct text is read once: the candidates of a request mostly share their time."""
        if set(map(type, values)) != {str}:
            return None
        try:
            read = {value: _microseconds(value, column) for value in set(values)}
        except (ValueError, OverflowError):
            return None
        return [read[value] for value in values]

    @staticmethod
    def one(value: Any, column: TimeColumn) -> int:
        """Raises UnfitValueError for what is no time of the column's format."""
        if value is None:
            raise UnfitValueError("is missing")
        try:
            return _microseconds(value, column)
        except (ValueError, OverflowError):
            raise UnfitValueError(f"is no time of the format {column.format!r}") from None


class Creatives:
    """Ids of creatives as text without spaces around; None where none was sent."""

    @staticmethod
    def whole(values: Sequence[Any], _: CreativeColumn) -> list[str] | None:
        """Ids of which none is missing."""
        return _texts(values)

    @staticmethod
    def one(value: Any, _: CreativeColumn) -> str | None:
        """Raises UnfitValueError for what is no text or too long."""
        if value is None:
            return None
        if not _is_text(value) or not value.strip():
            raise UnfitValueError("is no creative id (text)")
        return _of_bearable_length(value.strip())


class Categories:
    """Categories as text without spaces around, the column's default where none was sent."""

    @staticmethod
    def whole(values: Sequence[Any], column: CategoricalColumn) -> list[str] | None:
        """Texts of which none is missing."""
        texts = _texts(values)
        if texts is None or column.allowed is None or column.allowed_set.issuperset(texts):
            return texts
        return None

    @staticmethod
    def one(value: Any, column: CategoricalColumn) -> str:
        """Raises UnfitValueError for what is no text, missing, not allowed or too long."""
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if value is not None and not _is_text(value):
            raise UnfitValueError("is no text")
        value = column.default if value is None or not value.strip() else value.strip()
        if value is None:
            raise UnfitValueError("is missing")
        if column.allowed is not None and value not in column.allowed_set:
            raise UnfitValueError(f"is none of {', '.join(column.allowed)}")
        return _of_bearable_length(value)


class Texts:
    """Texts without spaces around, the column's default where none was sent."""

    @staticmethod
    def whole(values: Sequence[Any], _: TextColumn) -> list[str] | None:
        """Texts of which none is missing."""
        return _texts(values)

    @staticmethod
    def one(value: Any, column: TextColumn) -> str:
        """Raises UnfitValueError for what is no text, missing or too long."""
        if value is not None and not _is_text(value):
            raise UnfitValueError("is no text")
        value = column.default if value is None or not value.strip() else value.strip()
        if value is None:
            raise UnfitValueError("is missing")
        return _of_bearable_length(value)


class Numbers:
    """Numbers as floats, the column's default where none was sent."""

    @staticmethod
    def whole(values: Sequence[Any], column: NumericColumn) -> list[float] | None:
        """Numbers of which none is missing."""
        if not PLAIN_NUMBERS.issuperset(map(type, values)):
            return None
        try:
            numbers = list(map(float, values))
        except OverflowError:
            return None
        smallest, largest = min(numbers, default=0.0), max(numbers, default=0.0)
        # a sum is NaN or infinite where one of its numbers is; min and max may pass NaN over
        if not math.isfinite(sum(numbers)) or max(-smallest, largest) > LARGEST:
            return None
        if numbers and (
            (column.min is not None and smallest < column.min)
            or (column.max is not None and largest > column.max)
        ):
            return None
        return numbers

    @staticmethod
    def one(sent: Any, column: NumericColumn) -> float:
        """Raises UnfitValueError for what is no finite number, missing or out of range."""
        if sent is None:
            sent = column.default
            if sent is None:
                raise UnfitValueError("is missing")
        if isinstance(sent, bool) or not isinstance(sent, int | float):
            raise UnfitValueError("is no number")
        try:
            value = float(sent)
        except OverflowError:
            raise UnfitValueError("is too large a number") from None
        if not math.isfinite(value):
            raise UnfitValueError("is not finite")
        if abs(value) > LARGEST:
            raise UnfitValueError("is too large a number")
        if column.min is not None and value < column.min:
            raise UnfitValueError(f"is below {column.min:g}")
        if column.max is not None and value > column.max:
            raise UnfitValueError(f"is above {column.max:g}")
        return value


class Images:
    """Images as they were sent, base64 or an address; None where none was."""

    @staticmethod
    def whole(values: Sequence[Any], _: ImageColumn) -> list[None] | None:
        """Columns without any image."""
        return [None] * len(values) if values.count(None) == len(values) else None

    @staticmethod
    def one(value: Any, _: ImageColumn) -> str | None:
        """Raises UnfitValueError for what is no text."""
        if value is not None and (not isinstance(value, str) or not value.isascii() or not value):
            raise UnfitValueError("is no image: send base64 or an address as text")
        return value


READERS: dict[str, Reader] = {
    "time": Times,
    "creative": Creatives,
    "categorical": Categories,
    "text": Texts,
    "numeric": Numbers,
    "image": Images,
}


def _microseconds(value: object, column: TimeColumn) -> int:
    return (parse_time(value, column.format) - EPOCH) // MICROSECOND


def _texts(values: Sequence[Any]) -> list[str] | None:
    """The values without spaces around, if each is a text that `one` would take as it is."""
    try:
        joined = "".join(values)
        joined.encode()
    except (TypeError, UnicodeEncodeError):
        return None
    # mostly there is no space to look for in each
    spaceless = joined.split() == [joined]
    texts = list(values) if spaceless else [value.strip() for value in values]
    return texts if all(texts) and max(map(len, texts), default=0) <= LONGEST_VALUE else None


def _of_bearable_length(value: str) -> str:
    if len(value) > LONGEST_VALUE:
        raise UnfitValueError(f"is longer than {LONGEST_VALUE:,} characters")
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
