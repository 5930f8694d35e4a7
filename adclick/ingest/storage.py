"""Files of the log's store: they appear whole or not at all, wherever they lie."""

from __future__ import annotations

from collections.abc import Callable, Iterator
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
    """Write a document as JSON."""
    with written(uri) as file:
        file.write(document.model_dump_json(indent=1).encode())


def made_once[D: BaseModel](
    uri: str, kind: type[D], make: Callable[[], D], holds: Callable[[D], bool] = lambda _: True
) -> D:
    """The document at `uri` if there is one that still `holds`, else what `make` makes, kept there.

    It is written after all that `make` writes, and so says that this is done: a unit that is done
    again after a kill leaves the same files, if `make` depends on nothing but what `uri` is named
    after.
    """
    known = read_document(uri, kind)
    if known is not None and holds(known):
        return known
    made = make()
    write_document(uri, made)
    return made


def read_document[D: BaseModel](uri: str, kind: type[D]) -> D | None:
    """The document at `uri`; None when it is not there."""
    filesystem, path = fsspec.core.url_to_fs(uri)
    try:
        content = filesystem.cat_file(path)
    except FileNotFoundError:
        return None
    return kind.model_validate_json(content)
