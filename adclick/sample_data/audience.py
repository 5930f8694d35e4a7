"""To whom, where and when an ad is shown."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SITE_CATEGORIES = (
    "news", "social", "sports", "weather", "video",
    "games", "shopping", "forum", "mail", "recipes",
)  # fmt: skip
SITES = tuple(f"{SITE_CATEGORIES[i % len(SITE_CATEGORIES)]}-{i:03d}.example" for i in range(400))
SITE_CATEGORY = np.arange(len(SITES)) % len(SITE_CATEGORIES)
SLOTS = ("top", "side", "inline", "bottom", "interstitial")
DEVICES = ("desktop", "mobile", "tablet")
COUNTRIES = ("us", "de", "gb", "fr", "br", "in", "jp", "es", "it", "pl", "nl", "se")
SEGMENTS = (
    "bargain-hunters", "coupon-users", "students", "young-families",
    "commuters", "gamers", "cooks", "sports-fans",
    "travellers", "gardeners", "investors", "home-owners",
    "music-fans", "pet-owners", "tech-fans", "retirees",
)  # fmt: skip
PRICE_SENSITIVE = np.arange(len(SEGMENTS)) < 4
# A user who gives no age is a group of its own, so that an empty cell hides nothing from a model.
AGES = ("18-24", "25-34", "35-44", "45-54", "55-64", "65+", None)

SHARE_WITHOUT_AGE = 0.03
SECONDS_A_DAY = 86_400
# Impressions by hour of the day, in UTC: few at night, most in the evening.
TRAFFIC = np.array([3, 2, 1, 1, 1, 2, 4, 6, 7, 7, 7, 8, 9, 8, 7, 7, 8, 9, 10, 12, 13, 12, 9, 5])


def _falling(count: int, power: float) -> NDArray[np.float64]:
    """Shares of `count` values whose i-th is proportional to (i + 2) ** -power (Zipf)."""
    weights = (np.arange(count) + 2.0) ** -power
    shares: NDArray[np.float64] = weights / weights.sum()
    return shares


SITE_SHARES = _falling(len(SITES), 1.0)
COUNTRY_SHARES = _falling(len(COUNTRIES), 0.8)
SEGMENT_SHARES = np.full(len(SEGMENTS), 1 / len(SEGMENTS))
SLOT_SHARES = np.array([0.25, 0.25, 0.3, 0.15, 0.05])
DEVICE_SHARES = np.array([0.35, 0.55, 0.1])
AGE_SHARES = np.array(
    [*(np.array([0.18, 0.24, 0.2, 0.17, 0.13, 0.08]) * (1 - SHARE_WITHOUT_AGE)), SHARE_WITHOUT_AGE]
)


@dataclass(frozen=True)
class Contexts:
    """What is known of n impressions apart from the ad: arrays of shape (n,).

    `time` is datetime64[s] in UTC, `hour` in [0, 24), `bid` in money per 1,000 impressions,
    `frequency` how often the user saw the ad before; the others are indices into the tuples above.
    """

    time: NDArray[np.datetime64]
    hour: NDArray[np.float64]
    weekend: NDArray[np.bool_]
    site: NDArray[np.int64]
    slot: NDArray[np.int64]
    device: NDArray[np.int64]
    country: NDArray[np.int64]
    segment: NDArray[np.int64]
    age: NDArray[np.int64]
    frequency: NDArray[np.int64]
    bid: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.time)


def draw_contexts(
    rng: np.random.Generator, month: str, start: int, stop: int, rows: int
) -> Contexts:
    """The contexts of impressions `start` to `stop` of a month's `rows`, in order of time.

    Times are spread evenly over the days and by TRAFFIC over the hours, so a chunk of a month
    can be drawn without the rest of it.
    """
    n = stop - start
    time = _times(rng, month, start, stop, rows)
    seconds = (time - time.astype("datetime64[D]")).astype(np.int64)
    weekday = (time.astype("datetime64[D]").astype(np.int64) + 3) % 7
    return Contexts(
        time=time,
        hour=seconds / 3_600,
        weekend=weekday >= 5,
        site=draw_index(rng, SITE_SHARES, n),
        slot=draw_index(rng, SLOT_SHARES, n),
        device=draw_index(rng, DEVICE_SHARES, n),
        country=draw_index(rng, COUNTRY_SHARES, n),
        segment=draw_index(rng, SEGMENT_SHARES, n),
        age=draw_index(rng, AGE_SHARES, n),
        frequency=np.minimum(rng.geometric(0.35, n) - 1, 40),
        bid=np.round(np.maximum(rng.lognormal(0.7, 0.6, n), 0.05), 3),
    )


def draw_index(rng: np.random.Generator, shares: NDArray[np.float64], n: int) -> NDArray[np.int64]:
    """n indices into `shares`, each as often as its share says."""
    edges = np.cumsum(shares)
    return np.searchsorted(edges[:-1] / edges[-1], rng.random(n), side="right")


def _times(
    rng: np.random.Generator, month: str, start: int, stop: int, rows: int
) -> NDArray[np.datetime64]:
    first = np.datetime64(month, "M")
    days = int(((first + 1).astype("datetime64[D]") - first.astype("datetime64[D]")).astype(int))
    evenly = (np.arange(start, stop) + rng.random(stop - start)) / rows * days
    day = np.floor(evenly)
    passed = np.concatenate([[0.0], np.cumsum(TRAFFIC)]) / TRAFFIC.sum()
    within = np.interp(evenly - day, passed, np.linspace(0, SECONDS_A_DAY, len(passed)))
    seconds = (day * SECONDS_A_DAY + np.minimum(within, SECONDS_A_DAY - 1)).astype(np.int64)
    time: NDArray[np.datetime64] = first.astype("datetime64[s]") + seconds
    return time
