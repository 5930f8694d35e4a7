"""The model that scores, loaded once in each process that runs units."""

from __future__ import annotations

import threading
from functools import lru_cache

import fsspec

from adclick.bundle.bundle import load_bundle
from adclick.bundle.scorer import Scorer
from adclick.bundle.store import fetch
from adclick.scratch import scratch_folder

_LOADING = threading.Lock()


def scorer_of(bundle: str) -> Scorer:
    """The scorer of the bundle at this place (path or fsspec URL), the same one for all threads."""
    # without the lock each thread that begins would load it
    with _LOADING:
        return _loaded(bundle)


@lru_cache(maxsize=2)
def _loaded(bundle: str) -> Scorer:
    filesystem, path = fsspec.core.url_to_fs(bundle)
    if "file" in filesystem.protocol:
        return Scorer(load_bundle(path))
    return Scorer(fetch(bundle, scratch_folder("bundle")))
