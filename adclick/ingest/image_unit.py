"""A group of creatives decoded and written: a pure function, for threads and clusters alike."""

from __future__ import annotations

import errno
from collections.abc import Iterator, Sequence

import fsspec
from pydantic import BaseModel, ConfigDict

from adclick.arrays import UInt8
from adclick.images import MAX_BYTES, ImageError, decode_image, too_many_bytes
from adclick.ingest.storage import made_once, written

DONE_FILE = "done.json"
IMAGES_FILE = "images.u8"
BYTES_AT_ONCE = 32 * 1024 * 1024
MISSING = "image file does not exist"


class ImageFile(BaseModel):
    """A creative and its image as it was listed: size in bytes, and time or generation.

    Both are None where nothing lists files, as on the web.
    """

    model_config = ConfigDict(frozen=True)

    creative: str
    uri: str
    size: int | None
    version: str | None


class ImageTask(BaseModel):
    """Images to decode to `shape`, into the store at `root`, where `folder` is their own place."""

    model_config = ConfigDict(frozen=True)

    root: str
    folder: str
    shape: tuple[int, int, int]
    images: tuple[ImageFile, ...]


class ImagesDone(BaseModel):
    """The creatives whose images lie in the folder, in their order, and why others do not."""

    model_config = ConfigDict(frozen=True)

    folder: str
    creatives: tuple[str, ...]
    problems: dict[str, str]


def ingest_images(task: ImageTask) -> ImagesDone:
    """Fetch and decode a group of images, unless that was done before.

    Raises OSError when a disk or network fails: an image that cannot be fetched now is not the
    same as one that is not there.
    """
    done_file = f"{task.root}/{task.folder}/{DONE_FILE}"
    return made_once(done_file, ImagesDone, lambda: _decode(task))


def _decode(task: ImageTask) -> ImagesDone:
    creatives: list[str] = []
    problems: dict[str, str] = {}
    with written(f"{task.root}/{task.folder}/{IMAGES_FILE}") as file:
        for image, pixels in decoded(task.images, task.shape):
            if isinstance(pixels, str):
                problems[image.creative] = pixels
            else:
                file.write(pixels.tobytes())
                creatives.append(image.creative)
    return ImagesDone(folder=task.folder, creatives=tuple(creatives), problems=problems)


def decoded(
    images: Sequence[ImageFile], shape: tuple[int, int, int]
) -> Iterator[tuple[ImageFile, UInt8 | str]]:
    """The images' pixels, or why one cannot be used; raises OSError as `ingest_images` does."""
    return ((image, _decoded(data, shape)) for image, data in _fetched(images))


def _fetched(images: Sequence[ImageFile]) -> Iterator[tuple[ImageFile, bytes | Exception]]:
    """The files' bytes, or what went wrong, some files at once; of too large ones nothing."""
    some: list[ImageFile] = []
    for image in images:
        if image.size is not None and image.size > MAX_BYTES:
            yield image, too_many_bytes(image.size)
            continue
        some.append(image)
        if sum(waiting.size or 0 for waiting in some) > BYTES_AT_ONCE:
            yield from zip(some, _fetch(some), strict=True)
            some = []
    yield from zip(some, _fetch(some), strict=True)


def _fetch(images: Sequence[ImageFile]) -> list[bytes | Exception]:
    """These files' bytes, those of a bucket asked for all at once."""
    by_store: dict[str, list[str]] = {}
    for image in images:
        by_store.setdefault(image.uri.partition("://")[0], []).append(image.uri)
    found: dict[str, bytes | Exception] = {}
    for uris in by_store.values():
        filesystem, _ = fsspec.core.url_to_fs(uris[0])
        paths = [filesystem._strip_protocol(uri) for uri in uris]
        answers = filesystem.cat(sorted(set(paths)), on_error="return")
        found |= {uri: answers[path] for uri, path in zip(uris, paths, strict=True)}
    return [found[image.uri] for image in images]


def _decoded(data: bytes | Exception, shape: tuple[int, int, int]) -> UInt8 | str:
    if isinstance(data, ImageError):
        return str(data)
    if isinstance(data, Exception):
        if names_no_file(data):
            return MISSING
        raise data
    try:
        return decode_image(data, shape)
    except ImageError as error:
        return str(error)


def names_no_file(error: Exception) -> bool:
    """Whether the path is to blame, and not a disk or a network that may work again."""
    if isinstance(error, OSError):
        missing = (errno.ENOENT, errno.EISDIR, errno.ENOTDIR, errno.ENAMETOOLONG)
        return isinstance(error, FileNotFoundError) or error.errno in missing
    return isinstance(error, ValueError) and "null byte" in str(error)
