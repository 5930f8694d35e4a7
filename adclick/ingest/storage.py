"""Files of the log's store: they appear whole or not at all, wherever they lie."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

import fsspec

if TYPE_CHECKING:
    # a server's compactions, which write no document, begin every few seconds
    from pydantic import BaseModel

PARTIAL = ".partial"


@contextmanager
def written(uri: str) -> Iterator[BinaryIO]:
    """A file to write, which appears at `uri` (path or fsspec URL) once it is complete.

    What a killed writer left is overwritten by the next one, so that nothing stays behind.
    """
    filesystem, path = fsspec.core.url_to_fs(uri)
    filesystem.makedirs(path.rpartition("/")[0], exist_ok=True)
    with filesystem.open(path + PARTIAL, "wb") as file:
        yield file
    filesystem.mv(path + PARTIAL, path)


def write_document(uri: str, document: BaseModel) -> None:
    """Write a document as JSON: the last thing of a unit, which says that it is done."""
    with written(uri) as file:
        file.write(document.model_dump_json(indent=1).encode())


def read_document[D: BaseModel](uri: str, kind: type[D]) -> D | None:
    """The document at `uri`; None when it is not there."""
    filesystem, path = fsspec.core.url_to_fs(uri)
    try:
        content = filesystem.cat_file(path)
    except FileNotFoundError:
        return None
    return kind.model_validate_json(content)
