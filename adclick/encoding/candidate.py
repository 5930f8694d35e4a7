"""The candidate ads of a prediction request: the door at which bad values are turned away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from adclick.columns import Column
from adclick.encoding.sent import Row, Sent, SentRows
from adclick.encoding.values import READERS, UnfitValueError, Value
from adclick.errors import RequestError
from adclick.schema import Schema

FEW = 3  # values are read faster one by one


@dataclass(frozen=True)
class Candidates:
    """n candidates, their features by column and in the order of the request's rows.

    In `columns` times are microseconds since 1970 in UTC, numbers floats, all else text; a creative
    or image is None where none was sent. `sent` are the values before that, None where a default
    stood in.
    """

    count: int
    columns: Mapping[str, Sequence[Any]]
    sent: Mapping[str, Sequence[Any]] = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        return self.count


def parse_candidates(schema: Schema, rows: Sequence[Row]) -> Candidates:
    """The schema's features of rows by name, typed; see read_candidates."""
    return read_candidates(schema, SentRows(rows))


def read_candidates(schema: Schema, sent: Sent, images: bool = False) -> Candidates:
    """The schema's features of a request's rows, typed; with `images`, its image column too.

    Declared defaults stand in for missing values, and spaces around text do not count. Raises
    RequestError that names the first bad row and in it the column, for anything that the log's
    validation would put into quarantine: a missing or unknown column, a wrong type, a value out of
    range or not allowed, NaN.
    """
    names = (*schema.features, *schema.named("image")) if images else schema.features
    refusal = _unknown_column(schema, sent, names)
    values: dict[str, Sequence[Any]] = {}
    columns: dict[str, Sequence[Value]] = {}
    for name in names:
        # only a row before the one that is refused so far could still be the first bad one
        values[name] = sent.values(name)[: None if refusal is None else refusal.row]
        columns[name], problem = _read(values[name], schema.columns[name])
        if problem:
            row = len(columns[name])
            refusal = _Refusal(row, f"row {row}: column {name!r} {problem}")
    if refusal is not None:
        raise RequestError(refusal.message)
    return Candidates(len(sent), columns, values)


@dataclass(frozen=True)
class _Refusal:
    row: int
    message: str


def _unknown_column(schema: Schema, sent: Sent, names: tuple[str, ...]) -> _Refusal | None:
    stranger = sent.stranger(names)
    if stranger is None:
        return None
    number, unknown = stranger
    if unknown == schema.image:
        return _Refusal(
            number,
            f"row {number}: column {unknown!r} is not taken here: the server's setting new_images "
            "is off",
        )
    # shortened: the name is the client's, and messages reach logs
    return _Refusal(
        number,
        f"row {number}: unknown column {unknown[:60]!r}; columns are {', '.join(names)}",
    )


def _read(values: Sequence[Any], column: Column) -> tuple[Sequence[Value], str]:
    """The values typed, as far as they are good, and what is wrong with the next; "" if none is."""
    reader = READERS[column.role]
    whole = reader.whole(values, column) if len(values) > FEW else None
    if whole is not None:
        return whole, ""
    read: list[Value] = []
    for value in values:
        try:
            read.append(reader.one(value, column))
        except UnfitValueError as unfit:
            return read, str(unfit)
    return read, ""
