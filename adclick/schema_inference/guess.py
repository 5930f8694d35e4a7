"""A column of a schema and what in the data speaks for it."""

from __future__ import annotations

from dataclasses import dataclass

from adclick.columns import Column, IgnoredColumn


@dataclass(frozen=True)
class Guess:
    """A column as the schema will declare it, and a line for a person who checks it."""

    column: Column
    why: str


def ignored(why: str) -> Guess:
    """A column that nothing is made of."""
    return Guess(IgnoredColumn(role="ignored"), why)
