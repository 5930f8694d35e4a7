"""Artifacts that are a folder of files."""

from __future__ import annotations

import tempfile
from abc import abstractmethod
from pathlib import Path
from typing import Any

from zenml.enums import VisualizationType
from zenml.materializers.base_materializer import BaseMaterializer
from zenml.utils import io_utils

from adclick.scratch import scratch_folder


class FolderMaterializer(BaseMaterializer):
    """Writes a type's files to a folder of the artifact store and reads them from a local one.

    Subclasses say how with `write` and `read`, and may show pages with `pages`.
    """

    SKIP_REGISTRATION = True

    @abstractmethod
    def write(self, data: Any, folder: Path) -> None:
        """Write `data` into an empty folder."""

    @abstractmethod
    def read(self, folder: Path) -> Any:
        """The data that was written; its files stay readable while the process lives."""

    def pages(self, data: Any) -> dict[str, str]:
        """HTML pages by name for ZenML's dashboard."""
        del data
        return {}

    def save(self, data: Any) -> None:
        """Copy what `write` writes to the artifact store."""
        with tempfile.TemporaryDirectory(prefix="adclick-artifact-") as folder:
            self.write(data, Path(folder))
            io_utils.copy_dir(folder, self.uri)

    def load(self, data_type: type[Any]) -> Any:
        """Read from the artifact store, through a copy where it is not on this machine."""
        del data_type
        if not io_utils.is_remote(self.uri):
            return self.read(Path(self.uri))
        folder = scratch_folder("artifact")
        io_utils.copy_dir(self.uri, str(folder))
        return self.read(folder)

    def save_visualizations(self, data: Any) -> dict[str, VisualizationType]:
        """Write the pages beside the data."""
        return write_pages(self, self.pages(data))


SUFFIXES = {VisualizationType.HTML: "html", VisualizationType.MARKDOWN: "md"}


def write_pages(
    materializer: BaseMaterializer,
    pages: dict[str, str],
    kind: VisualizationType = VisualizationType.HTML,
) -> dict[str, VisualizationType]:
    """Write pages by name into an artifact's folder and return them as ZenML wants them."""
    shown = {}
    for name, page in pages.items():
        uri = f"{materializer.uri}/{name}.{SUFFIXES[kind]}"
        with materializer.artifact_store.open(uri, "w") as file:
            file.write(page)
        shown[uri] = kind
    return shown
