"""Which ad, place, time and user click well, as far as a table can say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from adclick.sample_data.audience import (
    AGES,
    COUNTRIES,
    DEVICES,
    SEGMENTS,
    SITE_CATEGORIES,
    SITE_CATEGORY,
    SITES,
    SLOTS,
    Contexts,
)
from adclick.sample_data.creatives import ADVERTISERS, CATEGORIES, CATEGORY

Floats = NDArray[np.float64]

RANK = 4


@dataclass(frozen=True)
class Tastes:
    """The weights of the tabular utility, one array a term; its shape names what it is indexed by.

    Two sets, turned into each other month by month, make the world drift.
    """

    site: Floats
    site_category: Floats
    slot_device: Floats
    country: Floats
    advertiser: Floats
    segment_category: Floats
    age_category: Floats
    device_harmonics: Floats
    weekend_site_category: Floats

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Self:
        """The tastes of one world."""

        def weights(deviation: float, *shape: int) -> Floats:
            return rng.normal(0, deviation, shape)

        segment = weights(1, len(SEGMENTS), RANK)
        category = weights(1, len(CATEGORIES), RANK)
        return cls(
            site=rng.exponential(0.45, len(SITES)),
            site_category=weights(0.3, len(SITE_CATEGORIES)),
            slot_device=weights(0.35, len(SLOTS), len(DEVICES)),
            country=weights(0.25, len(COUNTRIES)),
            advertiser=rng.exponential(0.35, len(ADVERTISERS)),
            segment_category=0.6 * segment @ category.T / np.sqrt(RANK),
            age_category=weights(0.25, len(AGES), len(CATEGORIES)),
            device_harmonics=weights(0.2, len(DEVICES), 2, 2),
            weekend_site_category=weights(0.25, len(SITE_CATEGORIES)),
        )

    def utility(self, contexts: Contexts, advertiser: NDArray[np.int64]) -> Floats:
        """tab(w) of shape (n,), before normalisation: the sum of all terms but the picture's."""
        category = CATEGORY[advertiser]
        site_category = SITE_CATEGORY[contexts.site]
        utility: Floats = (
            self.site[contexts.site]
            + self.site_category[site_category]
            + self.slot_device[contexts.slot, contexts.device]
            + self.country[contexts.country]
            + self.advertiser[advertiser]
            + self.segment_category[contexts.segment, category]
            + self.age_category[contexts.age, category]
            + contexts.weekend * self.weekend_site_category[site_category]
            - 0.4 * np.log1p(contexts.frequency)
            + 0.25 * np.log(contexts.bid)
        )
        for harmonic in range(2):
            turn = 2 * np.pi * (harmonic + 1) * contexts.hour / 24
            weight = self.device_harmonics[contexts.device, harmonic]
            utility = utility + weight[:, 0] * np.sin(turn) + weight[:, 1] * np.cos(turn)
        return utility
