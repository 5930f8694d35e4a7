"""Keeps TensorFlow out of a server's process."""

from __future__ import annotations

import sys


def hide_tensorflow() -> None:
    """Make importing TensorFlow fail in this process, as it would where it is not installed.

    seldon_core imports it wherever it is installed, for its protocol buffers too, only to know a
    tensor format that this model does not speak: 500 MB and 11 s for each process. To be called
    before anything of seldon_core is imported.
    """
    sys.modules["tensorflow"] = None  # type: ignore[assignment]
