"""The integers that a network takes: slots of columns, and after them those of words."""

from __future__ import annotations

import keras

from adclick.encoding.words import TOKENS


def slots_input(columns: int, texts: int) -> keras.KerasTensor:
    """The input `categorical` int32 (n, C) of so many columns, and of the words of `texts`."""
    return keras.Input((columns + texts * TOKENS,), dtype="int32", name="categorical")


def columns_of(slots: keras.KerasTensor, columns: int, texts: int) -> keras.KerasTensor:
    """The part (n, columns) without words."""
    return slots[:, :columns] if texts else slots
