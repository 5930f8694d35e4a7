"""The text tower: the words of a title become a vector."""

from __future__ import annotations

import keras
from keras import layers

from adclick.encoding.words import BUCKETS, TOKENS
from adclick.model.options import ModelOptions
from adclick.model.seeds import Seeds


def build_text(columns: int, options: ModelOptions, seeds: Seeds) -> keras.Model:
    """A text's vector is the mean of its words' and pairs of words', nought where it has none.

    Inputs: `words` int32 (n, columns * TOKENS), the slots of some columns of text. Output:
    (n, columns * text_dimensions). Source: Joulin et al., Bag of tricks for efficient text
    classification, 2016.
    """
    words = keras.Input((columns * TOKENS,), dtype="int32", name="words")
    vectors = layers.Embedding(
        BUCKETS + 1,
        options.text_dimensions,
        embeddings_initializer=keras.initializers.RandomNormal(stddev=0.05, seed=seeds.next()),
        embeddings_regularizer=keras.regularizers.L2(options.l2),
        name="words_table",
    )(words)
    is_word = keras.ops.cast(keras.ops.not_equal(words, 0), "float32")
    is_word = keras.ops.reshape(is_word, (-1, columns, TOKENS, 1))
    vectors = keras.ops.reshape(vectors, (-1, columns, TOKENS, options.text_dimensions))
    count = keras.ops.maximum(keras.ops.sum(is_word, axis=2), 1.0)
    means = keras.ops.sum(vectors * is_word, axis=2) / count
    output = keras.ops.reshape(means, (-1, columns * options.text_dimensions))
    return keras.Model(words, output, name="text")
