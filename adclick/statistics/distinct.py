"""How many distinct values there are, estimated in flat memory."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

SMALLEST = 4_096
type Hashes = NDArray[np.uint64]


def no_hashes() -> Hashes:
    """The hashes of no value."""
    return np.empty(0, np.uint64)


def smallest_hashes(values: pa.Array) -> Hashes:
    """The up to SMALLEST smallest distinct hashes of text values (n,), in order."""
    return _smallest(pd.util.hash_array(values.to_numpy(zero_copy_only=False), categorize=False))


def merge_hashes(*parts: Hashes) -> Hashes:
    """What `smallest_hashes` of all parts' values together would be, exactly."""
    return _smallest(np.concatenate(parts))


def estimate_distinct(hashes: Hashes) -> int:
    """Number of distinct values, within about 1.6 % (one standard error); exact below SMALLEST.

    The k-th smallest of many hashes, as a share u of all possible ones, says that there are about
    (k - 1) / u. Source: Bar-Yossef et al., Counting Distinct Elements in a Data Stream, 2002, and
    Beyer et al., SIGMOD 2007, for the estimator without bias; its error is 1 / sqrt(k - 2).
    """
    if len(hashes) < SMALLEST:
        return len(hashes)
    return round((SMALLEST - 1) / (float(hashes[-1]) / 2.0**64))


def _smallest(hashes: Hashes) -> Hashes:
    return np.unique(hashes)[:SMALLEST]
