"""The roles that a column of an ad log can have, and the settings of each."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cached_property
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

LONGEST_VALUE = 1_000  # characters of a categorical value, a creative's id or an image's path


class Strict(BaseModel):
    """A part of a schema: never changed, and without a setting that there is not."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class IdColumn(Strict):
    """The impression id: unique within a month."""

    role: Literal["id"]


def _names_a_month(pattern: str) -> bool:
    example = datetime(2021, 11, 30, tzinfo=UTC)
    try:
        read = datetime.strptime(example.strftime(pattern), pattern)
    except ValueError:
        return False
    return (read.year, read.month) == (example.year, example.month) and "%Z" not in pattern


class TimeColumn(Strict):
    """When the ad was shown, in UTC.

    `format` is `iso`, `epoch` (seconds) or a `strptime` pattern. Hour of day and day of week
    become features of the model.
    """

    role: Literal["time"]
    format: str = "iso"

    @model_validator(mode="after")
    def _readable(self) -> Self:
        if self.format not in ("iso", "epoch") and not _names_a_month(self.format):
            raise ValueError(
                f"format {self.format!r}: use iso, epoch or a strptime pattern with a year and a "
                "month (%z for a zone, not %Z: its names mean different things on each machine)"
            )
        return self


class LabelColumn(Strict):
    """1 where the impression was clicked, 0 where not."""

    role: Literal["label"]


class ImpressionsColumn(Strict):
    """How many impressions an aggregated row stands for."""

    role: Literal["impressions"]


class ClicksColumn(Strict):
    """How many of an aggregated row's impressions were clicked."""

    role: Literal["clicks"]


class CreativeColumn(Strict):
    """The id of the ad that was shown."""

    role: Literal["creative"]


class ImageColumn(Strict):
    """Where the creative's image lies: a path from the folder of the row's file, or a URL.

    Images are kept as uint8 tables of `height` x `width` pixels.
    """

    role: Literal["image"]
    height: int = Field(default=63, ge=8, le=1024)
    width: int = Field(default=75, ge=8, le=1024)


class CategoricalColumn(Strict):
    """A feature with distinct values.

    A value seen fewer than `min_count` times in training shares one slot with unknown ones, and
    so does whatever is beyond the `max_values` most frequent. `allowed` rejects all other values.
    An empty cell is rejected unless `default` names the value that it stands for.
    """

    role: Literal["categorical"]
    allowed: tuple[str, ...] | None = None
    default: str | None = None
    min_count: int = Field(default=5, ge=1)
    max_values: int = Field(default=10_000, ge=1)

    @model_validator(mode="after")
    def _allowed_default(self) -> Self:
        if self.allowed is not None and self.default not in (None, *self.allowed):
            raise ValueError(f"default {self.default!r} is not among the allowed values")
        return self

    @cached_property
    def allowed_set(self) -> frozenset[str]:
        """The allowed values, to look one up among many; empty where all are allowed."""
        return frozenset(self.allowed or ())


class TextColumn(Strict):
    """Words, such as an ad's title: the model reads them, and knows no text as a whole.

    An empty cell is rejected unless `default` names the text that it stands for; "" is one.
    """

    role: Literal["text"]
    default: str | None = None


class NumericColumn(Strict):
    """A feature with an order: rejected outside [`min`, `max`], or empty without a `default`.

    `log` takes log1p before normalisation, for counts and money; it needs `min` >= 0.
    """

    role: Literal["numeric"]
    min: float | None = None
    max: float | None = None
    default: float | None = None
    log: bool = False

    @model_validator(mode="after")
    def _bounds(self) -> Self:
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"min {self.min} is above max {self.max}")
        if self.log and (self.min is None or self.min < 0):
            raise ValueError("log: true needs min: 0 or more")
        if self.default is not None and not (
            (self.min is None or self.min <= self.default)
            and (self.max is None or self.default <= self.max)
        ):
            raise ValueError(f"default {self.default} is outside min and max")
        return self


class IgnoredColumn(Strict):
    """In the files, but no part of the log."""

    role: Literal["ignored"]


Column = Annotated[
    IdColumn
    | TimeColumn
    | LabelColumn
    | ImpressionsColumn
    | ClicksColumn
    | CreativeColumn
    | ImageColumn
    | CategoricalColumn
    | TextColumn
    | NumericColumn
    | IgnoredColumn,
    Field(discriminator="role"),
]
