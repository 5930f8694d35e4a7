"""Where a row's image lies."""

from __future__ import annotations

import posixpath

import fsspec


def image_address(rows_file: str, path: str) -> str:
    """The address of an image that a row of the file at `rows_file` (a URL) names.

    A URL stands for itself and a path from the root for one on the file's own filesystem; other
    paths begin in the file's folder.
    """
    if "://" in path:
        return path
    filesystem, file = fsspec.core.url_to_fs(rows_file)
    # normalised: a bucket knows no ".."
    absolute = path if path.startswith("/") else f"{posixpath.dirname(file)}/{path}"
    return str(filesystem.unstrip_protocol(posixpath.normpath(absolute)))
