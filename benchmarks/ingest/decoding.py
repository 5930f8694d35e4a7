"""How fast creatives become pixels: against the bare decoder, and against the naive way.

The ways take turns every few milliseconds and their ratios are taken within a
round, so that other programs' work falls on all of them.
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import simplejpeg
from PIL import Image

from adclick.arrays import UInt8
from adclick.images import decode_image
from adclick.sample_data.creatives import draw_advertisers, draw_creatives, draw_styles
from benchmarks.figures import Figure, Target
from benchmarks.ingest.pictures import picture

SHAPE = (63, 75, 3)
IMAGES = 1_000
THREADS = 2
# images between turns: 20 ms
BLOCK = 50
LEAST_BARE, LEAST_NAIVE = Target(">", 85), Target(">", 10)
IMPRESSIONS_A_CREATIVE = 50
# the naive way decodes this share of the images, or it would take most of the time
NAIVE_SHARE = 0.2

Decode = Callable[[bytes], UInt8]


@dataclass(frozen=True)
class Cost:
    """Seconds an image, by the clock and of processor time."""

    wall: float
    cpu: float


@dataclass(frozen=True)
class Round:
    """What an image costs each way on THREADS threads, and on one."""

    bare: Cost
    ours: Cost
    naive: Cost
    bare_alone: Cost
    ours_alone: Cost

    @property
    def times_naive(self) -> float:
        """How many more impressions a second ours serves, which decodes a creative once."""
        return IMPRESSIONS_A_CREATIVE * self.naive.wall / self.ours.wall


def make_jpegs(count: int, seed: int = 1) -> list[bytes]:
    """So many different pictures of sample creatives."""
    rng = np.random.default_rng(seed)
    creatives = draw_creatives(rng, draw_styles(rng), draw_advertisers(rng, count))
    return [picture(creatives, index) for index in range(count)]


def measure_round(files: Sequence[bytes]) -> Round:
    """Each way once over the files, in turns."""
    bare, ours = in_turns([_bare, _ours], files, THREADS)
    bare_alone, ours_alone = in_turns([_bare, _ours], files, 1)
    (naive,) = in_turns([_naive], files[: max(BLOCK, round(NAIVE_SHARE * len(files)))], THREADS)
    return Round(bare, ours, naive, bare_alone, ours_alone)


def figures(files: Sequence[bytes], rounds: Sequence[Round]) -> list[Figure]:
    """Ratios against their targets, then the rates that they come from."""
    size = np.mean([len(file) for file in files]) / 1e3
    both = f"{THREADS} threads"
    pairs = [(r.bare, r.ours) for r in rounds]
    alone = [(r.bare_alone, r.ours_alone) for r in rounds]
    return [
        Figure.of("ours / bare", [100 * b.wall / o.wall for b, o in pairs], "%", LEAST_BARE, both),
        Figure.of(
            f"ours / bare, {both}, processor time", [100 * b.cpu / o.cpu for b, o in pairs], "%"
        ),
        Figure.of("ours / bare, one thread", [100 * b.wall / o.wall for b, o in alone], "%"),
        Figure.of(
            "ours / naive, per impression",
            [r.times_naive for r in rounds],
            "x",
            LEAST_NAIVE,
            f"{IMPRESSIONS_A_CREATIVE} impressions a creative, each by Pillow at full size",
        ),
        Figure.of("ours", [1 / r.ours.wall for r in rounds], "images/s", None, both),
        Figure.of("bare decoder and resize", [1 / r.bare.wall for r in rounds], "images/s"),
        Figure.of("naive", [1 / r.naive.wall for r in rounds], "impressions/s"),
        Figure.of("ours, one thread", [1 / r.ours_alone.wall for r in rounds], "images/s"),
        Figure("size of a JPEG", float(size), "KB"),
    ]


def in_turns(ways: Sequence[Decode], files: Sequence[bytes], threads: int) -> list[Cost]:
    """What an image costs each way, on `threads` threads.

    The ways take turns every BLOCK images, each of them first in turn.
    """
    totals = np.zeros((len(ways), 2))
    order = list(range(len(ways)))
    with ThreadPoolExecutor(threads) as pool:
        for start in range(0, len(files), BLOCK):
            block = files[start : start + BLOCK]
            for way in order:
                totals[way] += _seconds(
                    pool, ways[way], [block[n::threads] for n in range(threads)]
                )
            order = order[1:] + order[:1]
    return [Cost(wall, cpu) for wall, cpu in (totals / len(files)).tolist()]


def _seconds(
    pool: ThreadPoolExecutor, decode: Decode, shares: Sequence[Sequence[bytes]]
) -> tuple[float, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    list(pool.map(lambda share: [decode(file) for file in share], shares))
    return time.perf_counter() - wall, time.process_time() - cpu


def _ours(file: bytes) -> UInt8:
    return decode_image(file, SHAPE)


def _bare(file: bytes) -> UInt8:
    height, width, _ = SHAPE
    pixels = simplejpeg.decode_jpeg(file, "RGB", min_height=height, min_width=width, min_factor=1)
    if pixels.shape == SHAPE:
        return np.asarray(pixels)
    resized = Image.fromarray(pixels).resize((width, height), Image.Resampling.BILINEAR)
    return np.asarray(resized)


def _naive(file: bytes) -> UInt8:
    height, width, _ = SHAPE
    with Image.open(io.BytesIO(file)) as image:
        whole = image.convert("RGB")
        return np.asarray(whole.resize((width, height), Image.Resampling.BILINEAR))
