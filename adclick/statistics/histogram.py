"""Numbers counted in log-linear buckets: weighted quantiles in flat memory that add up exactly."""

from __future__ import annotations

import numpy as np

from adclick.arrays import Array, Float64, Int64

MANTISSA_BITS = 6
_SHIFT = 23 - MANTISSA_BITS  # a float32 has 23
_HALF = 1 << (31 - _SHIFT)
BUCKETS = 2 * _HALF
ZERO = _HALF


def bucket_counts(values: Float64, weights: Float64) -> Int64:
    """The weight in each bucket, (BUCKETS,): counts of two batches add up to those of both.

    A bucket is named by the leading bits of the value as a float32: sign, exponent and six bits of
    mantissa, as in HdrHistogram (Tene, hdrhistogram.org) and DDSketch (Masson et al., VLDB 2019).
    A bucket is less than 1/64 of its value wide, whole numbers to 128 have one each, and no bound
    of the values needs to be known. The result depends neither on the rows' order nor on how they
    were divided, and weights may be impressions: a KLL sketch has neither property.
    """
    bits = (values + 0.0).astype(np.float32).view(np.int32)
    magnitude = (bits & np.int32(0x7FFFFFFF)) >> _SHIFT
    buckets = np.where(bits >= 0, ZERO + magnitude, ZERO - 1 - magnitude)
    return np.bincount(buckets, weights, minlength=BUCKETS).astype(np.int64)


def bucket_values(buckets: Array) -> Float64:
    """The number in each of these buckets that is nearest to zero, float64 (n,)."""
    magnitude = np.where(buckets >= ZERO, buckets - ZERO, ZERO - 1 - buckets).astype(np.int32)
    nearest = (magnitude << np.int32(_SHIFT)).view(np.float32).astype(np.float64)
    return np.asarray(np.where(buckets >= ZERO, nearest, -nearest))


def bucket_of_quantiles(counts: Int64, shares: Float64) -> Int64:
    """Position in `counts` of the buckets below which these shares (0, 1] of the weight lie."""
    cumulated = np.cumsum(counts)
    return np.asarray(np.searchsorted(cumulated, np.ceil(shares * cumulated[-1])))
