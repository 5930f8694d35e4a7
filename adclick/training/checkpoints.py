"""Where a training stands after each epoch, kept so that a killed one goes on from there."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import fsspec
import numpy as np

from adclick.arrays import Array
from adclick.ingest.storage import written

CODE = ("model", "training", "encoding")


@dataclass(frozen=True)
class Progress:
    """What fitting needs to go on after an epoch.

    `variables` are the network's and its optimizer's in their order, random states among them;
    `best` the weights of the epoch with the least of `losses`.
    """

    losses: tuple[float, ...]
    variables: tuple[Array, ...]
    best: tuple[Array, ...]


@dataclass(frozen=True)
class Checkpoint:
    """A file (path or fsspec URL) that holds the last epoch's Progress, of one fit."""

    uri: str
    is_writer: bool = True

    def read(self) -> Progress | None:
        """What a killed training left, if one did."""
        filesystem, path = fsspec.core.url_to_fs(self.uri)
        try:
            content = filesystem.cat_file(path)
        except FileNotFoundError:
            return None
        with np.load(io.BytesIO(content)) as parts:
            return Progress(
                losses=tuple(parts["losses"].tolist()),
                variables=tuple(parts[name] for name in _numbered("variable", parts)),
                best=tuple(parts[name] for name in _numbered("best", parts)),
            )

    def write(self, progress: Progress) -> None:
        """Keep this instead of the epoch before; one that is killed meanwhile leaves the latter."""
        if not self.is_writer:
            return
        parts: dict[str, Array] = {"losses": np.array(progress.losses)}
        parts |= {f"variable-{i}": part for i, part in enumerate(progress.variables)}
        parts |= {f"best-{i}": part for i, part in enumerate(progress.best)}
        buffer = io.BytesIO()
        np.savez(buffer, **parts)
        with written(self.uri) as file:
            file.write(buffer.getvalue())


@dataclass(frozen=True)
class Checkpoints:
    """The checkpoints of one training, in a folder (path or fsspec URL) of its own.

    Its name stands for all that a training depends on, our code among it, so that none goes on from
    the state of another. Of several workers one writes, and all read.
    """

    folder: str
    is_writer: bool = True

    @classmethod
    def of(cls, store: str, parts: Sequence[str], is_writer: bool = True) -> Checkpoints:
        """Those in `store` of the training that these texts describe."""
        digest = hashlib.sha256(_code().encode())
        for part in parts:
            digest.update(part.encode())
        return cls(f"{store}/{digest.hexdigest()[:16]}", is_writer)

    def at(self, stage: str) -> Checkpoint:
        """The checkpoint of a stage of the training."""
        return Checkpoint(f"{self.folder}/{stage}.npz", self.is_writer)

    def clear(self) -> None:
        """Forget them: the training is at its end."""
        filesystem, path = fsspec.core.url_to_fs(self.folder)
        if self.is_writer and filesystem.exists(path):
            filesystem.rm(path, recursive=True)


def values(variables: Sequence[Any]) -> tuple[Array, ...]:
    """Copies of what Keras variables hold now."""
    return tuple(np.array(variable) for variable in variables)


def _numbered(kind: str, parts: Any) -> list[str]:
    count = sum(name.startswith(f"{kind}-") for name in parts.files)
    return [f"{kind}-{number}" for number in range(count)]


@cache
def _code() -> str:
    digest = hashlib.sha256()
    for package in CODE:
        for file in sorted((Path(__file__).parent.parent / package).glob("*.py")):
            digest.update(file.read_bytes())
    return digest.hexdigest()
