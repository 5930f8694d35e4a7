"""The bundles of predictors, read from where they were published."""

from __future__ import annotations

import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

from adclick.bundle.bundle import ServingBundle
from adclick.bundle.store import fetch


class FetchedBundles:
    """Fetches each bundle once, and keeps it until the end of its `with` block."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self._found: dict[str, ServingBundle] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._folder.cleanup()

    def add(self, uri: str, bundle: ServingBundle) -> None:
        """Take a bundle that is at hand; it is not fetched then."""
        self._found[uri] = bundle

    def at(self, uri: str) -> ServingBundle:
        """The bundle that was published there; raises AdclickError when it is not whole."""
        if uri not in self._found:
            self._found[uri] = fetch(uri, Path(self._folder.name) / str(len(self._found)))
        return self._found[uri]
