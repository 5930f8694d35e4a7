"""Looking texts up among known ones, a whole column at once."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from adclick.arrays import Int64

NOWHERE = -1


def positions(texts: pa.Array, known: pa.Array) -> Int64:
    """Where each of the texts (n,) lies among the `known` ones; NOWHERE where it does not, or null.

    Of a dictionary array each distinct text is looked up once.
    """
    if not isinstance(texts, pa.DictionaryArray):
        found = pc.fill_null(pc.index_in(texts, value_set=known, skip_nulls=True), NOWHERE)
        return np.asarray(found.to_numpy(zero_copy_only=False), np.int64)
    # a null's code is the last place, which NOWHERE is to be found at
    of_values = np.append(positions(texts.dictionary, known), NOWHERE)
    return np.asarray(of_values[pc.fill_null(texts.indices, NOWHERE).to_numpy()])
