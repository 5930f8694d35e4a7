"""Where a row's image lies."""

from __future__ import annotations

import posixpath
from functools import lru_cache

import fsspec


def image_address(rows_file: str, path: str) -> str:
    """The address of an image that a row of the file at `rows_file` (a URL) names.

    A URL stands for itself and a path from the root for one on the file's own filesystem; other
    paths begin in the file's folder.
    """
    if "://" in path:
        return path
    scheme, folder = _folder(rows_file)
    # normalised: a bucket knows no ".."
    absolute = path if path.startswith("/") else f"{folder}/{path}"
    return f"{scheme}://{posixpath.normpath(absolute)}"


@lru_cache(maxsize=1_000)
def _folder(rows_file: str) -> tuple[str, str]:
    """A file's scheme and folder: asked for each of millions of images, in few files."""
    filesystem, file = fsspec.core.url_to_fs(rows_file)
    scheme, _, _ = str(filesystem.unstrip_protocol(file)).partition("://")
    return scheme, posixpath.dirname(file)
