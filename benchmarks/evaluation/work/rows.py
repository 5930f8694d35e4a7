"""Test rows of any number, written to disk block by block: what is timed reads them from there."""

from __future__ import annotations

import numpy as np
from scipy.special import expit

from adclick.arrays import Array
from adclick.evaluation.evaluation import CHALLENGER, CHAMPION
from adclick.evaluation.rows import Column, RowsWriter, ScoredRows, block_of

BLOCK = 65_536
CREATIVES = 2_000
COLUMNS = {"site": 5, "device": 5, "slot": 5, "category": 5}


def write_rows(count: int) -> ScoredRows:
    """Rows with 4 % clicks, scores of two models, 2,000 creatives and 4 columns of 5 values."""
    generator = np.random.default_rng(0)
    with RowsWriter() as writer:
        for start in range(0, count, BLOCK):
            n = min(BLOCK, count - start)
            odds = generator.normal(-3.5, 0.9, n)
            creative = generator.integers(0, CREATIVES, n)
            writer.add(
                block_of(
                    (generator.random(n) < expit(odds)).astype(np.float64),
                    np.ones(n),
                    {
                        name: expit(odds + generator.normal(-0.2, sd, n))
                        for name, sd in ((CHALLENGER, 0.7), (CHAMPION, 0.8))
                    },
                    {"creative": creative},
                    {name: _codes(generator, values, n) for name, values in COLUMNS.items()},
                )
            )
    columns = [
        Column(name, tuple(f"{name} {value}" for value in range(values)))
        for name, values in COLUMNS.items()
    ]
    return writer.rows((CHALLENGER, CHAMPION), columns, CREATIVES, "creative")


def _codes(generator: np.random.Generator, values: int, count: int) -> Array:
    return generator.integers(0, values, count, dtype=np.int32)
