"""Putting a folder of this machine where the stack's steps can read it."""

from __future__ import annotations

import time
from pathlib import Path

import fsspec
from zenml.client import Client
from zenml.utils import io_utils

from adclick.sample_data.generate import generate
from adclick.sample_data.options import SampleOptions
from adclick.summary import StepTime

DONE = "complete"


def staged(folder: Path, name: str) -> str:
    """The folder's address for steps: itself, or its copy `name` beside a remote artifact store.

    A copy that is complete is not made again, so `name` has to stand for the content.
    """
    store = Client().active_stack.artifact_store.path
    if not io_utils.is_remote(store):
        return str(folder)
    target = f"{store.rstrip('/')}/{name}"
    filesystem, root = fsspec.core.url_to_fs(target)
    if not filesystem.exists(f"{root}.{DONE}"):
        filesystem.put(f"{folder}/", root, recursive=True)
        filesystem.pipe_file(f"{root}.{DONE}", b"")
    return target


def staged_sample(options: SampleOptions, home: Path) -> tuple[str, StepTime]:
    """Sample data where steps can read it, and what making it took; made once for its options."""
    began = time.perf_counter()
    name = f"sample_data/{options.fingerprint}"
    folder = home / name
    known = folder.exists()
    sample = generate(options, folder)
    seconds = time.perf_counter() - began
    step = StepTime(pipeline="sample data", step="generate", seconds=seconds, cached=known)
    return staged(sample.data, name), step
