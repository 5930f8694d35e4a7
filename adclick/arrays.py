"""Names for the arrays that pass between functions; shapes are in the docstrings."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

type Array = NDArray[Any]
type Float32 = NDArray[np.float32]
type Float64 = NDArray[np.float64]
type Int32 = NDArray[np.int32]
type Int64 = NDArray[np.int64]
type UInt8 = NDArray[np.uint8]
type UInt64 = NDArray[np.uint64]
type Times = NDArray[np.datetime64]
