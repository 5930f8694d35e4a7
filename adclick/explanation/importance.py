"""Permutation importance: what a model loses when a group of columns says nothing any more."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from adclick.arrays import Float32, Float64, Int64
from adclick.encoding.encoder import Encoded, FeatureEncoder
from adclick.encoding.words import TOKENS
from adclick.evaluation.metrics import Scored, metrics
from adclick.explanation.explanation import Importance
from adclick.model.click_model import ClickModel

PICTURE, TIME = "picture", "time"
REPETITIONS = 2


@dataclass(frozen=True)
class Group:
    """Columns that say one thing: their places among slots and among numbers."""

    name: str
    slots: tuple[int, ...]
    numbers: tuple[int, ...] = ()


@dataclass(frozen=True)
class Labelled:
    """n encoded rows with their creatives' embeddings (n, E), clicks (n,) and impressions (n,)."""

    encoded: Encoded
    embeddings: Float32 | None
    clicks: Float64
    impressions: Float64


def groups_of(encoder: FeatureEncoder) -> Iterator[Group]:
    """A group for each column of the log, and one for hour and weekday."""
    place = len(encoder.categorical)
    for number, column in enumerate(encoder.categorical):
        yield Group(column.name, (number,))
    for number, numeric in enumerate(encoder.numeric):
        yield Group(numeric.name, (place + number,), (number,))
    place += len(encoder.numeric)
    yield Group(TIME, (place, place + 1))
    for number, text in enumerate(encoder.text):
        first = place + 2 + number * TOKENS
        yield Group(text.name, tuple(range(first, first + TOKENS)))


def importances(
    model: ClickModel, encoder: FeatureEncoder, rows: Labelled, seed: int = 0
) -> tuple[Importance, ...]:
    """What each group of columns, and the picture, is worth on these rows, the most first.

    Source: Breiman, Random forests, 2001; Fisher et al., All models are wrong, but many are useful,
    2019. Groups that say the same share what they are worth: either alone may be missed little.
    """
    random = np.random.default_rng(seed)
    orders = [random.permutation(len(rows.clicks)) for _ in range(REPETITIONS)]
    before = _judged(model, rows, rows.encoded, rows.embeddings)
    found = []
    for group in groups_of(encoder):
        shuffled = (_shuffled(rows.encoded, group, order) for order in orders)
        after = [_judged(model, rows, encoded, rows.embeddings) for encoded in shuffled]
        found.append(_importance(group.name, before, after))
    if rows.embeddings is not None:
        pictures = (rows.embeddings[order] for order in orders)
        after = [_judged(model, rows, rows.encoded, picture) for picture in pictures]
        found.append(_importance(PICTURE, before, after))
    return tuple(sorted(found, key=lambda one: -one.logloss))


def _shuffled(encoded: Encoded, group: Group, order: Int64) -> Encoded:
    slots, numbers = encoded.categorical.copy(), encoded.numeric.copy()
    slots[:, group.slots] = encoded.categorical[order][:, group.slots]
    numbers[:, group.numbers] = encoded.numeric[order][:, group.numbers]
    return Encoded(slots, numbers)


def _judged(
    model: ClickModel, rows: Labelled, encoded: Encoded, embeddings: Float32 | None
) -> tuple[float, float]:
    """Logloss and AUC."""
    scored = Scored(rows.clicks, rows.impressions, model.predict(encoded, embeddings))
    found = metrics(scored)
    return found["logloss"], found["auc"]


def _importance(
    name: str, before: tuple[float, float], after: list[tuple[float, float]]
) -> Importance:
    added = [loss - before[0] for loss, _ in after]
    return Importance(
        group=name,
        logloss=float(np.mean(added)),
        least=min(added),
        most=max(added),
        auc=float(np.mean([before[1] - auc for _, auc in after])),
    )
