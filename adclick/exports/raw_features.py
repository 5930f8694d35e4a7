"""The click model as one TensorFlow graph that takes requests as they are, encoder and all."""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf

from adclick.exports.material import Material
from adclick.exports.spec import NumberSpec, TextSpec
from adclick.exports.time_pattern import hours_since_1970, trimmed

SCORE = "click_probability"

type Features = dict[str, tf.Tensor]


class RawFeatures(tf.Module):  # type: ignore[misc]
    """Scores requests: a text (n,) or a double (n,) for each feature, by name.

    Texts are UTF-8, a missing one is "" and a missing number NaN: then the declared default stands
    in. What the model's own encoder refuses fails an assertion that names the column, and with it
    the whole batch; but for a text's length, which is not looked at.
    """

    def __init__(self, material: Material) -> None:
        super().__init__()
        self._spec = material.spec
        self._head: keras.Model = material.model.head
        self._tower: keras.Model | None = material.model.tower
        self._tables = {
            column.name: _table(column.values) for column in self._spec.text if column.values
        }
        if material.bundle.has_images:
            self._creatives = _table(material.bundle.creative_ids)
            self._embeddings = tf.constant(np.array(material.bundle.creative_embeddings))

    def inputs(self, images: bool = False) -> Features:
        """What `score` takes, or `score_images`: tensor specifications by name."""
        spec, number = self._spec, {column.name for column in self._spec.numbers}
        if spec.time_format == "epoch":
            number.add(spec.time)
        names = [name for name in spec.features if not (images and name == spec.creative)]
        found = {
            name: tf.TensorSpec((None,), tf.float64 if name in number else tf.string, name=name)
            for name in names
        }
        if images and spec.image is not None:
            shape = (None, spec.image.height, spec.image.width, 3)
            found["image"] = tf.TensorSpec(shape, tf.uint8, name="image")
        return found

    @tf.function(autograph=False)
    def score(self, **features: tf.Tensor) -> Features:
        """Click probabilities (n,) of requests whose creative is an id, known or not."""
        embeddings = None
        if self._spec.image is not None:
            rows = self._creatives.lookup(trimmed(features[str(self._spec.creative)]))
            embeddings = tf.gather(self._embeddings, rows)
        return self._scores(features, embeddings)

    @tf.function(autograph=False)
    def score_images(self, image: tf.Tensor, **features: tf.Tensor) -> Features:
        """Click probabilities (n,) of requests that bring their creatives' pixels."""
        assert self._tower is not None
        return self._scores(features, self._tower(image))

    def _scores(self, features: Features, embeddings: tf.Tensor | None) -> Features:
        slots, numbers = self._encode(features)
        inputs = [slots, numbers] if embeddings is None else [slots, numbers, embeddings]
        logits = tf.reshape(tf.cast(self._head(inputs), tf.float64), [-1])
        return {SCORE: self._probabilities(logits)}

    def _encode(self, features: Features) -> tuple[tf.Tensor, tf.Tensor]:
        spec = self._spec
        slots, numbers = [], []
        for text in spec.text:
            slots.append(self._slots(features[text.name], text))
        for number in spec.numbers:
            value = _checked(features[number.name], number)
            edges = tf.constant(number.edges, tf.float64)
            slots.append(tf.searchsorted(edges, value, side="right"))
            scaled = tf.math.log1p(value) if number.log else value
            numbers.append(tf.cast((scaled - number.mean) / number.scale, tf.float32))
        hours = self._hours(features[spec.time])
        slots += [hours % 24, (tf.math.floordiv(hours, 24) + 3) % 7]
        rows = tf.shape(hours)[0]
        by_column = [tf.cast(column, tf.int32) for column in slots]
        wide = tf.stack(numbers, axis=1) if numbers else tf.zeros([rows, 0])
        return tf.stack(by_column, axis=1), wide

    def _slots(self, texts: tf.Tensor, column: TextSpec) -> tf.Tensor:
        texts = trimmed(texts)
        if column.default is not None:
            texts = tf.where(texts == "", column.default, texts)
        elif not column.optional:
            _assert(texts != "", f"column {column.name} is missing")
        if column.allowed is not None:
            words = tf.constant(column.allowed)
            allowed = tf.reduce_any(texts[:, tf.newaxis] == words, axis=1)
            _assert(allowed, f"column {column.name} is none of {', '.join(column.allowed)}")
        if column.name not in self._tables:
            return tf.zeros(tf.shape(texts), tf.int32)
        return self._tables[column.name].lookup(texts)

    def _hours(self, times: tf.Tensor) -> tf.Tensor:
        spec = self._spec
        if spec.time_format != "epoch":
            return hours_since_1970(times, spec.time_format, spec.time)
        _assert((times >= 0) & (times < 253_402_300_800.0), f"column {spec.time} is no time")
        microseconds = tf.cast(tf.round(times * 1e6), tf.int64)
        return tf.math.floordiv(microseconds, 3_600_000_000)

    def _probabilities(self, logits: tf.Tensor) -> tf.Tensor:
        calibration = self._spec.calibration
        if not calibration.logits:
            return tf.sigmoid(calibration.slope * logits + calibration.intercept)
        points = tf.constant(calibration.logits, tf.float64)
        at = tf.constant(calibration.probabilities, tf.float64)
        logits = tf.clip_by_value(logits, points[0], points[-1])
        last = len(calibration.logits) - 1
        above = tf.clip_by_value(tf.searchsorted(points, logits, side="right"), 1, last)
        low, high = tf.gather(points, above - 1), tf.gather(points, above)
        from_, to = tf.gather(at, above - 1), tf.gather(at, above)
        return from_ + (to - from_) * (logits - low) / (high - low)


def _table(words: tuple[str, ...]) -> tf.lookup.StaticHashTable:
    """Places of words, the first being 1; 0 for any other."""
    slots = tf.range(1, len(words) + 1, dtype=tf.int32)
    pairs = tf.lookup.KeyValueTensorInitializer(tf.constant(words), slots)
    return tf.lookup.StaticHashTable(pairs, default_value=0)


def _checked(values: tf.Tensor, column: NumberSpec) -> tf.Tensor:
    name = column.name
    if column.default is not None:
        values = tf.where(tf.math.is_nan(values), tf.constant(column.default, tf.float64), values)
    _assert(tf.math.is_finite(values), f"column {name} is missing or not finite")
    if column.min is not None:
        _assert(values >= column.min, f"column {name} is below {column.min:g}")
    if column.max is not None:
        _assert(values <= column.max, f"column {name} is above {column.max:g}")
    return values


def _assert(holds: tf.Tensor, message: str) -> None:
    tf.debugging.Assert(tf.reduce_all(holds), [message])
