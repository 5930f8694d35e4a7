"""Which pictures please, and whom."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from adclick.sample_data.audience import (
    DEVICES,
    PRICE_SENSITIVE,
    SITE_CATEGORIES,
    SITE_CATEGORY,
    Contexts,
)
from adclick.sample_data.creatives import CATEGORIES, CATEGORY, MOST_CLUTTER, MOST_WORDS, Creatives

Floats = NDArray[np.float64]

SIZE_WIDTH = 0.15

_SOCIAL = SITE_CATEGORIES.index("social")
_VIDEO = SITE_CATEGORIES.index("video")
_MOBILE = DEVICES.index("mobile")


@dataclass(frozen=True)
class Appeal:
    """The weights of the visual utilities.

    Colours weigh little, so that mean pixel values explain little: product size, badge x call to
    action and clutter have to be seen.
    """

    best_size: float
    size: float
    badge_action: float
    clutter: float
    contrast: float
    badge: float
    face: float
    words: float
    saturation: float
    darkness: float
    badge_price: float
    face_social: float
    warm_category: Floats
    words_mobile: float

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Self:
        """What pleases in one world: the signs are the field's, the sizes vary."""

        def about(weight: float) -> float:
            return float(weight * rng.uniform(0.75, 1.25))

        return cls(
            best_size=float(rng.uniform(0.4, 0.65)),
            size=about(2.1),
            badge_action=about(4.0),
            clutter=about(-2.2),
            contrast=about(0.6),
            badge=about(0.3),
            face=about(0.3),
            words=about(-0.6),
            saturation=about(0.25),
            darkness=about(-0.25),
            badge_price=about(1.6),
            face_social=about(1.6),
            warm_category=rng.choice([-1.0, 1.0], len(CATEGORIES)) * about(1.6),
            words_mobile=about(-2.0),
        )

    def alone(self, ads: Creatives) -> Floats:
        """q(v) of shape (k,): what an ad's looks are worth to everybody.

        It peaks at the best product size and falls to both sides; a price badge helps beside a
        clear call to action and harms beside a faint one.
        """
        worth: Floats = (
            self.size * np.exp(-(((ads.product_size - self.best_size) / SIZE_WIDTH) ** 2))
            + self.badge_action * (ads.badge - 0.5) * (ads.contrast - 0.5)
            + self.clutter * np.sqrt(ads.clutter / MOST_CLUTTER)
            + self.contrast * ads.contrast
            + self.badge * ads.badge
            + self.face * ads.face
            + self.words * ads.words / MOST_WORDS
            + self.saturation * ads.saturation
            + self.darkness * ads.darkness
        )
        return worth

    def offers(self, ads: Creatives) -> Floats:
        """What ads offer to particular audiences, (k, 4): badge, face, warm colours, words."""
        traits = (ads.badge - 0.5, ads.face - 0.4, ads.warmth - 0.5, ads.words / MOST_WORDS - 0.55)
        offers: Floats = np.stack(traits, axis=1)
        return offers

    def wishes(self, contexts: Contexts, advertiser: NDArray[np.int64]) -> Floats:
        """How much each impression's audience makes of each offer, (n, 4).

        In this order: price-sensitive segments, social and video sites, the ad's category, mobile
        devices. The row-wise product with `offers`, summed, is x(v, ctx).
        """
        site_category = SITE_CATEGORY[contexts.site]
        social = (site_category == _SOCIAL) | (site_category == _VIDEO)
        return np.stack(
            (
                self.badge_price * (PRICE_SENSITIVE[contexts.segment] - 0.25),
                self.face_social * (social - 0.2),
                self.warm_category[CATEGORY[advertiser]],
                self.words_mobile * ((contexts.device == _MOBILE) - 0.55),
            ),
            axis=1,
        )
