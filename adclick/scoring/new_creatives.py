"""Creatives that the model never saw, embedded once each before the rows that show them."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import fsspec
import numpy as np
import pyarrow as pa
from pydantic import BaseModel, ConfigDict

from adclick.adlog import AdLog
from adclick.arrays import Float32, UInt8
from adclick.ingest.image_files import groups_of, list_images
from adclick.ingest.image_unit import MISSING, ImageFile, decoded
from adclick.ingest.storage import made_once, read_document, written
from adclick.keys import content_key
from adclick.scoring.model import scorer_of

DONE_FILE, EMBEDDINGS_FILE = "done.json", "embeddings.npy"
FORMAT = 1  # raise it when the same images would be embedded otherwise

_LOADING = threading.Lock()


class TableRows(BaseModel):
    """Images of an ad log's table: the raw file, the pixels' shape, and each name with its row."""

    model_config = ConfigDict(frozen=True)

    file: str
    shape: tuple[int, int, int]
    names: tuple[str, ...]
    rows: tuple[int, ...]


class EmbedTask(BaseModel):
    """Images to embed with the bundle into `folder` of the store at `root`.

    They are files, or rows of a table; `missing` are names of which there is no file.
    """

    model_config = ConfigDict(frozen=True)

    root: str
    folder: str
    bundle: str
    files: tuple[ImageFile, ...] = ()
    missing: tuple[str, ...] = ()
    table: TableRows | None = None

    @property
    def images(self) -> int:
        """How many images that is."""
        rows = len(self.table.names) if self.table else 0
        return len(self.files) + len(self.missing) + rows


class Embedded(BaseModel):
    """The images whose embeddings lie in the folder, in their order, and why others do not."""

    model_config = ConfigDict(frozen=True)

    folder: str
    names: tuple[str, ...]
    problems: dict[str, str]


@dataclass(frozen=True)
class NewEmbeddings:
    """Embeddings (k, E) of new creatives by the names (k,) of their images, and problems."""

    names: pa.Array
    embeddings: Float32
    problems: dict[str, str]


def embed_images(task: EmbedTask) -> Embedded:
    """Decode and embed a group of images, unless that was done before.

    Raises OSError when a disk or network fails, which is no fault of the image.
    """
    done_file = f"{task.root}/{task.folder}/{DONE_FILE}"
    return made_once(done_file, Embedded, lambda: _embed(task))


def _embed(task: EmbedTask) -> Embedded:
    pixels: dict[str, UInt8] = {}
    problems = dict.fromkeys(task.missing, MISSING)
    scorer = scorer_of(task.bundle)
    for name, image in _images(task, scorer.bundle.schema.image_shape):
        if isinstance(image, str):
            problems[name] = image
        else:
            pixels[name] = image
    if pixels:
        with written(f"{task.root}/{task.folder}/{EMBEDDINGS_FILE}") as file:
            np.save(file, scorer.embed(np.stack(list(pixels.values()))))
    return Embedded(folder=task.folder, names=tuple(pixels), problems=problems)


def _images(
    task: EmbedTask, shape: tuple[int, int, int] | None
) -> Iterator[tuple[str, UInt8 | str]]:
    assert shape is not None, "a bundle that embeds has images"
    if task.table is not None:
        yield from _of_table(task.table)
    for file, image in decoded(task.files, shape):
        yield file.creative, image


def _of_table(table: TableRows) -> Iterator[tuple[str, UInt8]]:
    filesystem, path = fsspec.core.url_to_fs(table.file)
    size = int(np.prod(table.shape))
    starts = [row * size for row in table.rows]
    found = filesystem.cat_ranges([path] * len(starts), starts, [s + size for s in starts])
    for name, data in zip(table.names, found, strict=True):
        yield name, np.frombuffer(data, np.uint8).reshape(table.shape)


def file_tasks(root: str, bundle: str, addresses: Sequence[str]) -> list[EmbedTask]:
    """The tasks that embed the image files at these addresses."""
    listed = list_images(addresses)
    files = [
        ImageFile(creative=address, uri=address, size=size, version=version)
        for address, (size, version) in sorted(listed.items())
    ]
    tasks = [EmbedTask(root=root, folder="", bundle=bundle, files=g) for g in groups_of(files)]
    if missing := tuple(address for address in addresses if address not in listed):
        tasks.append(EmbedTask(root=root, folder="", bundle=bundle, missing=missing))
    return [_placed(task) for task in tasks]


def table_tasks(log: AdLog, root: str, bundle: str, names: Sequence[str]) -> list[EmbedTask]:
    """The tasks that embed these creatives of an ad log."""
    files, creatives = log.creative_files, log.creatives()
    assert files is not None and creatives is not None, "its schema has images"
    rows = creatives.index(pa.array(names, pa.string())).tolist()
    there = [
        ImageFile(creative=name, uri=str(row), size=None, version=None)
        for name, row in zip(names, rows, strict=True)
    ]
    tables = [
        TableRows(
            file=f"{log.root}/{files.images}",
            shape=files.shape,
            names=tuple(image.creative for image in group),
            rows=tuple(int(image.uri) for image in group),
        )
        for group in groups_of(there)
    ]
    tasks = [EmbedTask(root=root, folder="", bundle=bundle, table=table) for table in tables]
    return [_placed(task) for task in tasks]


def _placed(task: EmbedTask) -> EmbedTask:
    content = f"{FORMAT} {task.model_dump_json(exclude={'root', 'bundle'})}"
    return task.model_copy(update={"folder": f"embeddings/{content_key(content)}"})


def load_embeddings(root: str, folders: tuple[str, ...]) -> NewEmbeddings:
    """What was embedded into these folders, the same for all threads of a process."""
    with _LOADING:
        return _loaded(root, folders)


@lru_cache(maxsize=2)
def _loaded(root: str, folders: tuple[str, ...]) -> NewEmbeddings:
    names: list[str] = []
    parts: list[Float32] = []
    problems: dict[str, str] = {}
    filesystem, base = fsspec.core.url_to_fs(root)
    for folder in folders:
        done = read_document(f"{root}/{folder}/{DONE_FILE}", Embedded)
        assert done is not None, "it was embedded before"
        names += done.names
        problems |= done.problems
        if done.names:
            with filesystem.open(f"{base}/{folder}/{EMBEDDINGS_FILE}", "rb") as file:
                parts.append(np.load(file))
    width = parts[0].shape[1] if parts else 0
    embeddings = np.concatenate(parts) if parts else np.empty((0, width), np.float32)
    return NewEmbeddings(pa.array(names, pa.string()), embeddings, problems)
