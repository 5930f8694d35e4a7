"""What pictures do to the odds of a click, and what in them does it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from adclick.arrays import Float32, Float64, Int32, Int64, UInt8
from adclick.explanation.explanation import AdEffect, Pictures
from adclick.model.click_model import ClickModel
from adclick.thumbnails import data_uri

SHOWN = 6
# of a picture's height and width that are covered at once, and in how many places each way
COVERED = 0.25
PLACES = 9


@dataclass(frozen=True)
class Effects:
    """Effects of embeddings on the log odds, on average over some contexts: `e @ direction + bias`.

    The picture's part of the network is linear in the embedding, so this is exact.
    """

    direction: Float64
    bias: float

    def of(self, embeddings: Float32) -> Float64:
        """The effects (k,) of embeddings (k, E)."""
        return np.asarray(embeddings @ self.direction + self.bias)


def effects_in(model: ClickModel, contexts: Int32) -> Effects:
    """The effects of pictures among impressions whose slots are `contexts` (n, C)."""
    visual = model.head.get_layer("visual")
    axes = np.eye(len(model.fallback), dtype=np.float32)
    probes = np.concatenate([np.zeros_like(axes[:1]), axes])
    worth = np.array(
        [np.mean(visual([contexts, np.repeat([p], len(contexts), 0)])) for p in probes], np.float64
    )
    return Effects(worth[1:] - worth[0], float(worth[0]))


def occlusion(model: ClickModel, effects: Effects, image: UInt8) -> Float64:
    """How much the effect falls where a part of the image is covered: (PLACES, PLACES).

    A patch of the image's mean colour is moved over it (Zeiler and Fergus, Visualizing and
    understanding convolutional networks, 2014).
    """
    height, width = (max(1, round(COVERED * side)) for side in image.shape[:2])
    tops = np.linspace(0, image.shape[0] - height, PLACES).round().astype(int)
    lefts = np.linspace(0, image.shape[1] - width, PLACES).round().astype(int)
    covered = np.repeat(image[np.newaxis], PLACES * PLACES, axis=0)
    grounds = [(top, left) for top in tops for left in lefts]
    for picture, (top, left) in zip(covered, grounds, strict=True):
        picture[top : top + height, left : left + width] = image.mean(axis=(0, 1))
    before, *after = effects.of(model.embed(np.concatenate([image[np.newaxis], covered])))
    fallen: Float64 = before - np.array(after)
    return fallen.reshape(PLACES, PLACES)


def most_effective(
    model: ClickModel, effects: Effects, ids: tuple[str, ...], images: UInt8
) -> Pictures:
    """The SHOWN ads with the highest and the lowest effect, beside the mean of these k."""
    worth = effects.of(model.embed(images))
    worth = worth - worth.mean()
    order = np.argsort(-worth, kind="stable")
    count = min(SHOWN, len(order) // 2)

    def shown(chosen: Int64) -> tuple[AdEffect, ...]:
        return tuple(
            AdEffect(
                creative=ids[i],
                effect=float(worth[i]),
                picture=data_uri(images[i]),
                heat=tuple(map(tuple, occlusion(model, effects, np.asarray(images[i])).tolist())),
            )
            for i in chosen
        )

    return Pictures(
        highest=shown(order[:count]),
        lowest=shown(order[::-1][:count]),
        count=len(ids),
        spread=float(worth.std()),
    )
