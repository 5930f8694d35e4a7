"""What the creatives shown look like: statistics and embedding components, by impressions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Self

import numpy as np
import pyarrow as pa
from pydantic import BaseModel, ConfigDict

from adclick.adlog import CreativeTable
from adclick.arrays import Float32, Float64, UInt8
from adclick.monitoring.distribution import Numbers
from adclick.monitoring.names import IMAGE
from adclick.monitoring.profile import Profile
from adclick.statistics.numbers import sketch_numbers

STATISTICS = ("brightness", "saturation", "edges")
COMPONENTS = 4
IMAGES_AT_ONCE = 256
# of red, green and blue (ITU-R BT.601)
LUMA = np.array([0.299, 0.587, 0.114], np.float32)

type Embed = Callable[[pa.Array], Float32]


class ImageBasis(BaseModel):
    """The directions in which the reference's embeddings differ most, to compare others along.

    `mean` (E,) and `components` (k, E): principal components by impressions (Jolliffe, 2002).
    """

    model_config = ConfigDict(frozen=True)

    mean: tuple[float, ...]
    components: tuple[tuple[float, ...], ...]

    @classmethod
    def of(cls, embeddings: Float32, impressions: Float64) -> Self:
        """The basis of embeddings (k, E) with their impressions (k,)."""
        shares = impressions / impressions.sum()
        mean = shares @ embeddings
        centred = (embeddings - mean) * np.sqrt(shares)[:, np.newaxis]
        _, _, directions = np.linalg.svd(centred, full_matrices=False)
        chosen = directions[:COMPONENTS]
        # a direction and its opposite are one: the largest part is made positive
        largest = np.take_along_axis(chosen, np.abs(chosen).argmax(axis=1)[:, np.newaxis], 1)
        chosen = chosen * np.sign(largest)
        return cls(
            mean=tuple(mean.tolist()), components=tuple(map(tuple, chosen.astype(float).tolist()))
        )

    def project(self, embeddings: Float32) -> Float64:
        """The components (k, COMPONENTS) of embeddings (k, E)."""
        return np.asarray((embeddings - np.array(self.mean)) @ np.array(self.components).T)


def image_statistics(images: UInt8) -> Float64:
    """STATISTICS (k, 3) of RGB images (k, height, width, 3), each from 0 to 1.

    Brightness is the mean luma, saturation the mean of (max - min) / max over the three colours
    (Smith, Color gamut transform pairs, 1978), edges the mean difference of luma between
    neighbours.
    """
    parts = [
        _statistics(np.asarray(images[start : start + IMAGES_AT_ONCE]))
        for start in range(0, len(images), IMAGES_AT_ONCE)
    ]
    return np.concatenate([np.empty((0, len(STATISTICS))), *parts])


def _statistics(images: UInt8) -> Float64:
    most, least = images.max(axis=3), images.min(axis=3)
    saturation = (most - least) / np.maximum(most, 1)
    luma = images.astype(np.float32) @ LUMA / 255
    across, down = (np.abs(np.diff(luma, axis=axis)).mean(axis=(1, 2)) for axis in (1, 2))
    brightness, saturated = luma.mean(axis=(1, 2)), saturation.mean(axis=(1, 2))
    return np.asarray(np.stack([brightness, saturated, (across + down) / 2], axis=1), np.float64)


def shown_creatives(profile: Profile, creatives: CreativeTable) -> tuple[pa.Array, Float64]:
    """The ids (k,) of the profile's creatives that have an image, and their impressions (k,)."""
    counts = profile.creatives.counts if profile.creatives else {}
    ids = pa.array(sorted(counts), pa.string())
    known = creatives.index(ids) >= 0
    chosen = ids.filter(pa.array(known))
    return chosen, np.array([counts[name] for name in chosen.to_pylist()], np.float64)


def with_images(
    profile: Profile,
    creatives: CreativeTable,
    basis: ImageBasis | None = None,
    embed: Embed | None = None,
) -> Profile:
    """The profile with the looks of its creatives as columns: statistics, and components.

    The components are along `basis`, of what `embed` makes of creatives' ids. Only the creatives
    that the profile lists are looked at, so that memory stays flat.
    """
    ids, shown = shown_creatives(profile, creatives)
    if not len(ids):
        return profile
    looks = dict(zip(STATISTICS, image_statistics(_images(creatives, ids)).T, strict=True))
    if basis is not None and embed is not None:
        parts = basis.project(embed(ids)).T
        looks |= {f"embedding {number}": part for number, part in enumerate(parts, start=1)}
    numbers = {f"{IMAGE}{name}": Numbers.of(sketch_numbers(x, shown)) for name, x in looks.items()}
    return profile.model_copy(
        update={
            "numbers": {**profile.numbers, **numbers},
            "of_creative": (*profile.of_creative, *numbers),
        }
    )


def _images(creatives: CreativeTable, ids: pa.Array) -> UInt8:
    return np.asarray(creatives.images[creatives.index(ids)])
