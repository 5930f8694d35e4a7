"""The features of a request's candidates as they were sent, row by row or column by column."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

Row = Mapping[str, Any]


class Sent(Protocol):
    """The features of candidates by name, unchecked."""

    def __len__(self) -> int:
        """How many candidates."""

    def names(self) -> Sequence[str]:
        """The names that any candidate has a value for."""

    def values(self, name: str) -> Sequence[Any]:
        """A value of each candidate; None where it has none of this name."""

    def stranger(self, known: Container[str]) -> tuple[int, str] | None:
        """The first candidate with a name that is not known, and that name."""


@dataclass(frozen=True)
class SentRows:
    """Candidates that came as an object each, with names of their own."""

    rows: Sequence[Row]

    def __len__(self) -> int:
        return len(self.rows)

    def names(self) -> Sequence[str]:
        """See Sent."""
        return sorted(set().union(*self.rows))

    def values(self, name: str) -> Sequence[Any]:
        """See Sent."""
        return [row.get(name) for row in self.rows]

    def stranger(self, known: Container[str]) -> tuple[int, str] | None:
        """See Sent."""
        every: set[str] = set().union(*self.rows)
        if all(name in known for name in every):
            return None
        return next(
            (number, name)
            for number, row in enumerate(self.rows)
            for name in row
            if name not in known
        )


@dataclass(frozen=True)
class SentColumns:
    """Candidates that came as a table: `columns[name]` has a value of each of `count`."""

    columns: Mapping[str, Sequence[Any]]
    count: int

    def __len__(self) -> int:
        return self.count

    def names(self) -> Sequence[str]:
        """See Sent."""
        return tuple(self.columns)

    def values(self, name: str) -> Sequence[Any]:
        """See Sent."""
        values = self.columns.get(name)
        return [None] * self.count if values is None else values

    def stranger(self, known: Container[str]) -> tuple[int, str] | None:
        """See Sent."""
        return next(((0, name) for name in self.columns if name not in known), None)
