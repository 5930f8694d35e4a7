"""The ads: whose they are, when they were born and what they look like."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from adclick.sample_data.audience import draw_index
from adclick.sample_data.options import SampleOptions

CATEGORIES = (
    "travel", "fashion", "electronics", "finance", "food", "games",
    "cars", "health", "education", "home", "sports", "telecom",
)  # fmt: skip
ADVERTISERS = tuple(f"{CATEGORIES[i % len(CATEGORIES)]}-brand-{i:02d}" for i in range(40))
CATEGORY = np.arange(len(ADVERTISERS)) % len(CATEGORIES)
ADVERTISER_SHARES = 1 / (np.arange(len(ADVERTISERS)) + 8.0)

TRAITS = (
    "warmth", "darkness", "saturation", "contrast", "product_size",
    "clutter", "words", "face", "badge",
)  # fmt: skip
MOST_CLUTTER = 9
MOST_WORDS = 8
# How much of a trait's variance is the advertiser's style: what a model without images can learn.
STYLE_SHARE = 0.5
# Impressions of an ad by its age in months, relative to its first: it lives about two months.
SHOWN_BY_AGE = (1.0, 0.8, 0.2)

_CREATIVES_STREAM = 0


@dataclass(frozen=True)
class Creatives:
    """k ads: arrays of shape (k,).

    `number` is unique over all months, `born` a month index (counted from 0), `advertiser` an
    index into ADVERTISERS, `popularity` a relative number of impressions. What the picture shows:
    `warmth`, `darkness`, `saturation` of its colours, `contrast` of the call-to-action button and
    `product_size`, each in [0, 1]; `clutter` in 0..9 shapes, `words` in 1..8 in the headline,
    `face` and `badge` 0 or 1. `look_seed` decides whatever no click depends on.
    """

    number: NDArray[np.int64]
    born: NDArray[np.int64]
    advertiser: NDArray[np.int64]
    popularity: NDArray[np.float64]
    warmth: NDArray[np.float64]
    darkness: NDArray[np.float64]
    saturation: NDArray[np.float64]
    contrast: NDArray[np.float64]
    product_size: NDArray[np.float64]
    clutter: NDArray[np.int64]
    words: NDArray[np.int64]
    face: NDArray[np.int64]
    badge: NDArray[np.int64]
    look_seed: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.number)

    @property
    def ids(self) -> list[str]:
        """The creative ids as the log writes them, such as c000123."""
        return [f"c{number:06d}" for number in self.number]


def draw_styles(rng: np.random.Generator) -> NDArray[np.float64]:
    """Each advertiser's leaning in each trait: (advertisers, traits), mean 0 and variance 1."""
    styles = rng.standard_normal((len(ADVERTISERS), len(TRAITS)))
    shares = ADVERTISER_SHARES / ADVERTISER_SHARES.sum()
    styles -= shares @ styles
    centred: NDArray[np.float64] = styles / np.sqrt(shares @ styles**2)
    return centred


def draw_creatives(
    rng: np.random.Generator, styles: NDArray[np.float64], advertiser: NDArray[np.int64]
) -> Creatives:
    """One new ad in the style of each named advertiser."""
    n = len(advertiser)
    noise = rng.standard_normal((n, len(TRAITS)))
    leaning = np.sqrt(STYLE_SHARE) * styles[advertiser] + np.sqrt(1 - STYLE_SHARE) * noise
    # The logistic curve with this slope is the normal distribution function to within .01.
    trait = dict(zip(TRAITS, (1 / (1 + np.exp(-1.702 * leaning))).T, strict=True))
    return Creatives(
        number=np.arange(n),
        born=np.zeros(n, np.int64),
        advertiser=advertiser,
        popularity=rng.lognormal(0, 0.8, n),
        warmth=trait["warmth"],
        darkness=trait["darkness"],
        saturation=trait["saturation"],
        contrast=trait["contrast"],
        product_size=trait["product_size"],
        clutter=np.minimum(trait["clutter"] * (MOST_CLUTTER + 1), MOST_CLUTTER).astype(np.int64),
        words=1 + np.minimum(trait["words"] * MOST_WORDS, MOST_WORDS - 1).astype(np.int64),
        face=(trait["face"] > 0.6).astype(np.int64),
        badge=(trait["badge"] > 0.5).astype(np.int64),
        look_seed=rng.integers(0, 2**62, n),
    )


def draw_advertisers(rng: np.random.Generator, n: int) -> NDArray[np.int64]:
    """n advertisers, large ones more often."""
    return draw_index(rng, ADVERTISER_SHARES, n)


def born_in(options: SampleOptions, styles: NDArray[np.float64], month: int) -> Creatives:
    """The ads born in the month with this index.

    The very first ad of a sample is shown so rarely that its JPEG can be damaged and the month's
    share of bad rows stays small: defects.py counts on it.
    """
    rng = options.generator(month, _CREATIVES_STREAM)
    n = options.creatives_per_month
    creatives = draw_creatives(rng, styles, draw_advertisers(rng, n))
    popularity = creatives.popularity
    if month == 0:
        rare = options.defect_share / 2 * popularity[1:].sum()
        popularity = np.concatenate([[rare], popularity[1:]])
    return replace(
        creatives,
        number=np.arange(month * n, (month + 1) * n),
        born=np.full(n, month),
        popularity=popularity,
    )


def live_in(options: SampleOptions, styles: NDArray[np.float64], month: int) -> Creatives:
    """The ads shown in a month, with `popularity` as it is in that month."""
    generations = []
    for age, shown in enumerate(SHOWN_BY_AGE[: month + 1]):
        born = born_in(options, styles, month - age)
        generations.append(replace(born, popularity=born.popularity * shown))
    return Creatives(
        **{
            field.name: np.concatenate([getattr(g, field.name) for g in generations])
            for field in fields(Creatives)
        }
    )
