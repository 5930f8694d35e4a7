"""Texts as numbers: the slots of their words and pairs of words, by hash."""

from __future__ import annotations

import re
import zlib
from functools import lru_cache
from itertools import pairwise

import numpy as np
import pyarrow as pa
from pydantic import BaseModel, ConfigDict

from adclick.arrays import Int32
from adclick.lookup import NOWHERE

MOST_WORDS = 12
TOKENS = 2 * MOST_WORDS - 1
BUCKETS = 4096
WORD = re.compile(r"\w+")
REMEMBERED = 65_536


class TextEncoding(BaseModel):
    """TOKENS slots: the first MOST_WORDS words and each two that follow each other, 0 where none.

    A token's slot is 1 + a hash of it modulo BUCKETS: nothing is fitted, and words that come up
    later have slots as well (Weinberger et al., Feature hashing, 2009).
    """

    model_config = ConfigDict(frozen=True)

    name: str

    @property
    def token_names(self) -> tuple[str, ...]:
        """What each of the TOKENS slots is."""
        words = [f"{self.name} word {number}" for number in range(1, MOST_WORDS + 1)]
        return (*words, *(f"{one} and next" for one in words[:-1]))

    def encode(self, column: pa.Array) -> Int32:
        """Slots of a column of text, int32 (n, TOKENS); each distinct text is read once."""
        if not isinstance(column, pa.DictionaryArray):
            column = column.dictionary_encode()
        known = [token_slots(text) for text in column.dictionary.to_pylist()]
        rows = np.array([*known, (0,) * TOKENS], np.int32)
        found: Int32 = rows[column.indices.fill_null(NOWHERE).to_numpy()]
        return found


@lru_cache(REMEMBERED)
def token_slots(text: str) -> tuple[int, ...]:
    """The TOKENS slots of a text, whatever its case."""
    words = WORD.findall(text.casefold())[:MOST_WORDS]
    pairs = [f"{one} {next_one}" for one, next_one in pairwise(words)]
    return (*_padded(words, MOST_WORDS), *_padded(pairs, MOST_WORDS - 1))


def _padded(tokens: list[str], length: int) -> list[int]:
    slots = [1 + zlib.crc32(token.encode()) % BUCKETS for token in tokens]
    return slots + [0] * (length - len(slots))
