"""The page of a feature encoder: what each column became."""

from __future__ import annotations

import math

from markupsafe import Markup

from adclick.encoding.encoder import (
    HOURS,
    WEEKDAYS,
    CategoricalEncoding,
    FeatureEncoder,
    NumericEncoding,
)
from adclick.encoding.words import BUCKETS, MOST_WORDS
from adclick.views.html import render, table
from adclick.views.text import count, shortened, significant

MOST_VALUES = 6


def encoder_page(encoder: FeatureEncoder) -> str:
    """HTML that shows what the model is told about an impression, column by column."""
    return render(
        "encoder.html.j2",
        encoder=encoder,
        total=sum(encoder.slot_counts),
        categorical=_categorical(encoder),
        numeric=_numeric(encoder),
        time=table(
            ("from the time", "slots"), [("hour", count(HOURS)), ("weekday", count(WEEKDAYS))]
        ),
    )


def _categorical(encoder: FeatureEncoder) -> Markup:
    rows = [
        (shortened(encoding.name, 40), _most_frequent(encoding), count(len(encoding.values) + 1))
        for encoding in encoder.categorical
    ]
    rows += [
        (
            shortened(text.name, 40),
            f"its first {MOST_WORDS} words, and pairs of them",
            count(BUCKETS),
        )
        for text in encoder.text
    ]
    return table(("column", "most frequent values", "slots"), rows, text_columns=2)


def _most_frequent(encoding: CategoricalEncoding) -> str:
    shown = ", ".join(shortened(value, 24) for value in encoding.values[:MOST_VALUES])
    return f"{shown}, …" if len(encoding.values) > MOST_VALUES else shown


def _numeric(encoder: FeatureEncoder) -> Markup:
    rows = [
        (
            shortened(encoding.name, 40),
            _edges(encoding),
            "log(1 + value)" if encoding.log else "value",
            significant(encoding.mean),
            significant(encoding.scale),
            count(len(encoding.edges) + 1),
        )
        for encoding in encoder.numeric
    ]
    return table(("column", "edges", "x", "mean of x", "scale of x", "slots"), rows, text_columns=3)


def _edges(encoding: NumericEncoding) -> str:
    edges = (math.expm1(edge) if encoding.log else edge for edge in encoding.edges)
    return "; ".join(significant(edge) for edge in edges)
