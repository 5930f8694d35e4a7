"""Holding back what libraries write that nobody asked for."""

from __future__ import annotations

import io
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout


@contextmanager
def without_chatter() -> Iterator[None]:
    """Hold back what TensorFlow's C++ code writes to stderr, which no log level silences.

    It is written after all when something fails. What Keras prints is not kept.
    """
    sys.stderr.flush()
    with tempfile.TemporaryFile() as held_back:
        stderr = os.dup(2)
        os.dup2(held_back.fileno(), 2)
        try:
            with redirect_stdout(io.StringIO()):
                yield
        except BaseException:
            held_back.seek(0)
            os.write(stderr, held_back.read())
            raise
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)
