"""A chunk of a month's ad log, with the truth about it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from adclick.sample_data import audience
from adclick.sample_data.audience import Contexts, draw_contexts, draw_index
from adclick.sample_data.creatives import ADVERTISERS, CATEGORIES, CATEGORY, Creatives
from adclick.sample_data.options import SampleOptions
from adclick.sample_data.world import Probabilities, World

_CHUNK_STREAM = 1


@dataclass(frozen=True)
class Impressions:
    """n impressions of one month in order of time.

    `ids` and `clicked` (0 or 1) are int64 of shape (n,); `shown` says which of the `live`
    creatives each shows.
    """

    month: int
    ids: NDArray[np.int64]
    contexts: Contexts
    live: Creatives
    shown: NDArray[np.int64]
    truth: Probabilities
    clicked: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.ids)


def draw_impressions(
    world: World, options: SampleOptions, live: Creatives, month: int, *, start: int, stop: int
) -> Impressions:
    """Rows `start` to `stop` of the month with this index; `start` names the random stream."""
    rng = options.generator(month, _CHUNK_STREAM, start)
    name, rows = options.month_names[month], options.rows_in(month)
    contexts = draw_contexts(rng, name, start, stop, rows)
    shown = draw_index(rng, live.popularity, stop - start)
    truth = world.probabilities(month, contexts, live, shown)
    return Impressions(
        month=month,
        ids=int(name.replace("-", "")) * 10**9 + np.arange(start, stop),
        contexts=contexts,
        live=live,
        shown=shown,
        truth=truth,
        clicked=(rng.random(stop - start) < truth.p).astype(np.int64),
    )


def log_table(impressions: Impressions, months: tuple[str, ...]) -> pa.Table:
    """The rows as configs/schemas/sample.yaml describes them, without any defect."""
    contexts, live, shown = impressions.contexts, impressions.live, impressions.shown
    advertiser = live.advertiser[shown]
    images = [
        image_path(months[born], creative, seen_from=months[impressions.month])
        for born, creative in zip(live.born, live.ids, strict=True)
    ]
    return pa.table(
        {
            "impression_id": impressions.ids,
            "time": np.datetime_as_string(contexts.time),
            "clicked": impressions.clicked,
            "creative_id": _names(live.ids, shown),
            "image": _names(images, shown),
            "advertiser": _names(ADVERTISERS, advertiser),
            "category": _names(CATEGORIES, CATEGORY[advertiser]),
            "site": _names(audience.SITES, contexts.site),
            "site_category": _names(
                audience.SITE_CATEGORIES, audience.SITE_CATEGORY[contexts.site]
            ),
            "slot": _names(audience.SLOTS, contexts.slot),
            "device": _names(audience.DEVICES, contexts.device),
            "country": _names(audience.COUNTRIES, contexts.country),
            "segment": _names(audience.SEGMENTS, contexts.segment),
            "age": _names(audience.AGES, contexts.age),
            "frequency": contexts.frequency,
            "bid": contexts.bid,
        }
    )


def truth_table(impressions: Impressions) -> pa.Table:
    """impression_id, p and p_without_image of the same rows."""
    return pa.table(
        {
            "impression_id": impressions.ids,
            "p": impressions.truth.p,
            "p_without_image": impressions.truth.without_image,
        }
    )


def image_path(born: str, creative: str, seen_from: str) -> str:
    """Where a creative's JPEG is, relative to the folder of the month that shows it."""
    inside = f"images/{creative}.jpg"
    return inside if born == seen_from else f"../{born}/{inside}"


def _names(values: list[str] | tuple[str | None, ...], index: NDArray[np.int64]) -> pa.Array:
    return pa.array(values, pa.string()).take(pa.array(index))
