"""Temporary folders do not outlive who needs them."""

from __future__ import annotations

import gc
import multiprocessing
from multiprocessing.queues import SimpleQueue
from pathlib import Path

import pytest

from adclick.scratch import Scratch, scratch_folder


def _make(told: SimpleQueue[Path]) -> None:
    told.put(scratch_folder("test"))


@pytest.mark.parametrize("way", ["fork", "spawn"])
def test_a_process_leaves_no_folder(way: str) -> None:
    context = multiprocessing.get_context(way)
    told = context.SimpleQueue()
    process = context.Process(target=_make, args=(told,))
    process.start()
    process.join()
    folder = told.get()
    assert folder.name.startswith("adclick-test-")
    assert not folder.exists()


def test_a_folder_goes_with_who_refers_to_it() -> None:
    scratch = Scratch("test")
    path = scratch.path
    assert path.is_dir()
    del scratch
    gc.collect()
    assert not path.exists()
