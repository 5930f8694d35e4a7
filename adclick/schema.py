"""What the columns of an ad log are: names, roles, bounds and defaults, as a YAML file says."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from adclick.errors import AdclickError

MONTH_PLACEHOLDER = "{month}"
LONGEST_VALUE = 1_000  # characters of a categorical value, a creative's id or an image's path


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class IdColumn(_Strict):
    """The impression id: unique within a month."""

    role: Literal["id"]


def _names_a_month(pattern: str) -> bool:
    example = datetime(2021, 11, 30, tzinfo=UTC)
    try:
        read = datetime.strptime(example.strftime(pattern), pattern)
    except ValueError:
        return False
    return (read.year, read.month) == (example.year, example.month) and "%Z" not in pattern


class TimeColumn(_Strict):
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


class LabelColumn(_Strict):
    """1 where the impression was clicked, 0 where not."""

    role: Literal["label"]


class ImpressionsColumn(_Strict):
    """How many impressions an aggregated row stands for."""

    role: Literal["impressions"]


class ClicksColumn(_Strict):
    """How many of an aggregated row's impressions were clicked."""

    role: Literal["clicks"]


class CreativeColumn(_Strict):
    """The id of the ad that was shown."""

    role: Literal["creative"]


class ImageColumn(_Strict):
    """Where the creative's image lies: a path from the folder of the row's file, or a URL.

    Images are kept as uint8 tables of `height` x `width` pixels.
    """

    role: Literal["image"]
    height: int = Field(default=63, ge=8, le=1024)
    width: int = Field(default=75, ge=8, le=1024)


class CategoricalColumn(_Strict):
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


class TextColumn(_Strict):
    """Words, such as an ad's title: the model reads them, and knows no text as a whole.

    An empty cell is rejected unless `default` names the text that it stands for; "" is one.
    """

    role: Literal["text"]
    default: str | None = None


class NumericColumn(_Strict):
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


class IgnoredColumn(_Strict):
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


class Holdout(_Strict):
    """Rows kept for calibration and test where there is no later month: shares chosen by id."""

    calibration: float = Field(default=0.1, gt=0, lt=0.5)
    test: float = Field(default=0.25, gt=0, lt=0.5)


class Schema(_Strict):
    """The shape of one ad log; everything that reads, encodes or scores its rows asks here.

    `rows` is the pattern of the CSV files below the data folder; `{month}` in it stands for
    YYYY-MM. Without it a row's month is that of its time. A run stops when more than
    `max_bad_share` of a month's rows are bad.
    """

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    rows: str
    columns: dict[str, Column]
    max_bad_share: float = Field(default=0.02, ge=0, le=1)
    holdout: Holdout | None = None

    @model_validator(mode="after")
    def _roles(self) -> Self:
        self._exactly_one("id")
        self._exactly_one("time")
        labels, clicks, impressions = (
            len(self.named(role)) for role in ("label", "clicks", "impressions")
        )
        if (labels, clicks, impressions) not in ((1, 0, 0), (0, 1, 1)):
            raise ValueError("needs one label column, or one clicks and one impressions column")
        for role in ("creative", "image"):
            if len(self.named(role)) > 1:
                raise ValueError(f"has {len(self.named(role))} columns with role {role}, not one")
        if self.named("image") and not self.named("creative"):
            raise ValueError("has an image column but no creative column")
        if not self.categorical and not self.numeric and not self.texts:
            raise ValueError("has no categorical, numeric or text column to predict from")
        if reserved := [name for name in self.columns if name.startswith("_")]:
            raise ValueError(f"column {reserved[0]}: names that start with _ are adclick's own")
        return self

    def _exactly_one(self, role: str) -> None:
        if len(self.named(role)) != 1:
            raise ValueError(f"has {len(self.named(role))} columns with role {role}, not one")

    def named(self, role: str) -> tuple[str, ...]:
        """Names of the columns with this role, in the file's order."""
        return tuple(name for name, column in self.columns.items() if column.role == role)

    @cached_property
    def id(self) -> str:
        """Name of the id column."""
        return self.named("id")[0]

    @cached_property
    def time(self) -> str:
        """Name of the time column."""
        return self.named("time")[0]

    @cached_property
    def time_format(self) -> str:
        """How times are written: `iso`, `epoch` or a strptime pattern."""
        column = self.columns[self.time]
        assert isinstance(column, TimeColumn)
        return column.format

    @cached_property
    def creative(self) -> str | None:
        """Name of the creative column, if there is one."""
        return next(iter(self.named("creative")), None)

    @cached_property
    def image(self) -> str | None:
        """Name of the image column, if there is one."""
        return next(iter(self.named("image")), None)

    @cached_property
    def image_shape(self) -> tuple[int, int, int] | None:
        """(height, width, 3) of the creatives' images; None where the log has none."""
        if self.image is None:
            return None
        column = self.columns[self.image]
        assert isinstance(column, ImageColumn)
        return column.height, column.width, 3

    @cached_property
    def categorical(self) -> dict[str, CategoricalColumn]:
        """The categorical columns by name, in the file's order."""
        return {n: c for n, c in self.columns.items() if isinstance(c, CategoricalColumn)}

    @cached_property
    def numeric(self) -> dict[str, NumericColumn]:
        """The numeric columns by name, in the file's order."""
        return {n: c for n, c in self.columns.items() if isinstance(c, NumericColumn)}

    @cached_property
    def texts(self) -> dict[str, TextColumn]:
        """The columns of words by name, in the file's order."""
        return {n: c for n, c in self.columns.items() if isinstance(c, TextColumn)}

    @cached_property
    def text_columns(self) -> tuple[str, ...]:
        """The columns of text that repeats: creative, if any, categorical ones, and words."""
        return (*self.named("creative"), *self.categorical, *self.texts)

    @cached_property
    def features(self) -> tuple[str, ...]:
        """What a prediction request names: time, creative, categorical, text, numeric columns."""
        return (self.time, *self.text_columns, *self.numeric)


def load_schema(path: str | Path) -> Schema:
    """The schema that a YAML file describes; raises AdclickError with the place that is wrong."""
    path = Path(path)
    if not path.is_file():
        raise AdclickError(f"schema {path} does not exist: name a YAML file with --schema")
    try:
        return Schema.model_validate(yaml.safe_load(path.read_bytes()))
    except yaml.YAMLError as error:
        raise AdclickError(f"schema {path} is no YAML: {' '.join(str(error).split())}") from error
    except ValidationError as error:
        raise AdclickError(f"schema {path}: {describe(error)}") from error


def describe(error: ValidationError) -> str:
    """The first thing that a validation found wrong, in one line: `place: what`."""
    first = error.errors(include_url=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    message = first["msg"].removeprefix("Value error, ")
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    return f"{place + ': ' if place else ''}{message}{more}"
