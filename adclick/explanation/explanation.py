"""What was found of a model's reasons, for a person to look at."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Importance(BaseModel):
    """By how much worse rows are predicted when a group of columns is shuffled among them.

    `logloss` is what is added per impression and `auc` what is lost, on average over repetitions;
    `least` and `most` are the lowest and highest of the former.
    """

    model_config = ConfigDict(frozen=True)

    group: str
    logloss: float
    least: float
    most: float
    auc: float


class AdEffect(BaseModel):
    """What a picture does to an ad's log odds of a click, beside the average picture's.

    `picture` is a data URI, and `heat` of rows by columns of places in it: how much `effect` falls
    where the place is covered. What raises the odds is above 0.
    """

    model_config = ConfigDict(frozen=True)

    creative: str
    effect: float
    picture: str
    heat: tuple[tuple[float, ...], ...]


class Pictures(BaseModel):
    """Of `count` pictures those that do most for a click and against one, the strongest first.

    `spread` is the standard deviation of all their effects.
    """

    model_config = ConfigDict(frozen=True)

    highest: tuple[AdEffect, ...]
    lowest: tuple[AdEffect, ...]
    count: int
    spread: float


class Explanation(BaseModel):
    """Of `rows` of `tested_on`: groups of columns, the most important first, and pictures.

    There are no pictures where the log or the model has none.
    """

    model_config = ConfigDict(frozen=True)

    tested_on: str
    rows: int
    importances: tuple[Importance, ...]
    pictures: Pictures
