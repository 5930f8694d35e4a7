"""Evidently without its noise: nothing sent home, and no warnings that nobody here can act on."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quiet_evidently() -> Iterator[None]:
    """Import and use Evidently inside of this; outside of it warnings are as they were."""
    os.environ.setdefault("DO_NOT_TRACK", "1")
    with warnings.catch_warnings():
        # Evidently 0.7.23 uses names that litestar 2.23 deprecates
        warnings.filterwarnings("ignore", category=DeprecationWarning)
        # and takes shares and correlations of columns with one value or none
        warnings.filterwarnings("ignore", "invalid value encountered in .*divide", RuntimeWarning)
        # and of a sample the precision at scores that nothing reaches
        warnings.filterwarnings("ignore", "Precision is ill-defined", UserWarning)
        yield
