"""Embeddings of the creatives that the model knows."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


class Creatives:
    """Rows of creatives.npy by creative id; row 0 is for creatives that are not known."""

    def __init__(self, folder: Path) -> None:
        self._table = np.load(folder / "creatives.npy")
        ids = json.loads((folder / "creative_ids.json").read_text(encoding="utf-8"))
        self._rows = {name: row for row, name in enumerate(ids, 1)}

    def embeddings(
        self, creatives: Sequence[str | None], new: Mapping[int, Array] | None = None
    ) -> Array:
        """Embeddings (n, E), float32; `new` has those of new creatives by their place."""
        found = self._table[[self._rows.get(creative, 0) for creative in creatives]]
        for place, embedding in (new or {}).items():
            found[place] = embedding
        return np.asarray(found, np.float32)
