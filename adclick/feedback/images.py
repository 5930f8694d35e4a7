"""Images of an ad log's creatives, as files that its rows can name."""

from __future__ import annotations

import hashlib
import io

import numpy as np
import pyarrow as pa
from PIL import Image

from adclick.adlog import CreativeTable
from adclick.ingest.storage import written

FOLDER = "creatives"


class ImageFolder:
    """Writes creatives' images below `root`, each once and without loss, as rows name them.

    A row names its image by a path that begins with `up`, which leads from its file to `root`.
    """

    def __init__(self, creatives: CreativeTable, root: str, up: str) -> None:
        self._creatives, self._root, self._up = creatives, root, up
        self._paths: dict[int, str] = {}

    def paths(self, ids: pa.Array) -> pa.Array:
        """The path (n,) of each creative's image; null where the ad log does not hold it."""
        encoded = ids.dictionary_encode()
        places = self._creatives.index(encoded.dictionary).tolist()
        paths = pa.array([None if at < 0 else self._path(at) for at in places], pa.string())
        return paths.take(encoded.indices)

    def _path(self, place: int) -> str:
        if place not in self._paths:
            # ids may hold whatever no file may be named after
            name = hashlib.sha256(self._creatives.ids[place].encode()).hexdigest()[:32]
            path = f"{FOLDER}/{name}.png"
            png = io.BytesIO()
            Image.fromarray(np.asarray(self._creatives.images[place])).save(png, "PNG")
            with written(f"{self._root}/{path}") as file:
                file.write(png.getvalue())
            self._paths[place] = f"{self._up}{path}"
        return self._paths[place]
