"""Creatives that no model saw yet, embedded from the images that requests bring along."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from adclick.arrays import Float32, UInt8
from adclick.bundle.image_source import ImageSource
from adclick.bundle.scorer import Scorer
from adclick.encoding.candidate import Candidates
from adclick.errors import RequestError
from adclick.images import ImageError, decode_image

CACHED = 10_000  # embeddings, of some hundred bytes each
IMAGES_A_REQUEST = 64
IMAGES_AT_ONCE = 4


class NewCreatives:
    """Embeds images as ingestion and training do, each once while it is among the last `CACHED`.

    An image is known again by a hash of what was sent: its base64, or its address, whose content is
    taken not to change. Threads may share it.
    """

    def __init__(self, scorer: Scorer, source: ImageSource, cached: int = CACHED) -> None:
        self._scorer = scorer
        self._source = source
        self._cached = cached
        self._cache: OrderedDict[bytes, Float32] = OrderedDict()
        self._lock = threading.Lock()
        self._readers = ThreadPoolExecutor(IMAGES_AT_ONCE, "images")
        schema = scorer.bundle.schema
        self._column, self._shape = schema.image, schema.image_shape
        if self._shape is not None:
            # the first request would wait for the tower's session
            scorer.embed(np.zeros((1, *self._shape), np.uint8))

    def embed(self, candidates: Candidates) -> dict[int, Float32]:
        """The embedding (E,) of each candidate whose creative is not known, by its number.

        Candidates without an image have none. Raises RequestError that names row and column for an
        image that cannot be used, and for more new ones than IMAGES_A_REQUEST.
        """
        sent = self._sent(candidates)
        if not sent:
            return {}
        keys = {number: hashlib.sha256(image.encode()).digest() for number, image in sent.items()}
        found = self._remembered(keys.values())
        # of candidates with the same image the first
        missing = {key: number for number, key in reversed(keys.items()) if key not in found}
        if missing:
            numbers = sorted(missing.values())
            images = self._read([(number, sent[number]) for number in numbers])
            new = dict(zip((keys[n] for n in numbers), self._scorer.embed(images), strict=True))
            self._remember(new)
            found |= new
        return {number: found[key] for number, key in keys.items()}

    def _sent(self, candidates: Candidates) -> dict[int, str]:
        if self._column is None or not any(candidates.columns[self._column]):
            return {}
        return {
            number: candidates.columns[self._column][number]
            for number, kind in enumerate(self._scorer.familiarity(candidates))
            if kind == "unknown" and candidates.columns[self._column][number] is not None
        }

    def _read(self, sent: Sequence[tuple[int, str]]) -> UInt8:
        if len(sent) > IMAGES_A_REQUEST:
            number, _ = sent[IMAGES_A_REQUEST]
            raise self._refused(number, f"is one new image more than {IMAGES_A_REQUEST}")
        if len(sent) == 1:
            return np.stack([self._pixels(sent[0])])
        return np.stack(list(self._readers.map(self._pixels, sent)))

    def _pixels(self, sent: tuple[int, str]) -> UInt8:
        number, image = sent
        assert self._shape is not None
        try:
            return decode_image(self._source.read(image), self._shape)
        except ImageError as error:
            raise self._refused(number, f"cannot be used: {error}") from None

    def _refused(self, number: int, problem: str) -> RequestError:
        return RequestError(f"row {number}: column {self._column!r} {problem}")

    def _remembered(self, keys: Collection[bytes]) -> dict[bytes, Float32]:
        with self._lock:
            found = {key: self._cache[key] for key in keys if key in self._cache}
            for key in found:
                self._cache.move_to_end(key)
        return found

    def _remember(self, new: dict[bytes, Float32]) -> None:
        with self._lock:
            # copies: a row of a batch would keep the whole batch in memory
            self._cache.update((key, embedding.copy()) for key, embedding in new.items())
            while len(self._cache) > self._cached:
                self._cache.popitem(last=False)
