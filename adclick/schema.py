"""What the columns of an ad log are: names, roles, bounds and defaults, as a YAML file says."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Self

import yaml
from pydantic import Field, ValidationError, model_validator

from adclick.columns import (
    CategoricalColumn,
    Column,
    ImageColumn,
    NumericColumn,
    Strict,
    TextColumn,
    TimeColumn,
)
from adclick.errors import AdclickError

MONTH_PLACEHOLDER = "{month}"


class Holdout(Strict):
    """Rows kept for calibration and test where there is no later month: shares chosen by id."""

    calibration: float = Field(default=0.1, gt=0, lt=0.5)
    test: float = Field(default=0.25, gt=0, lt=0.5)


class Schema(Strict):
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
