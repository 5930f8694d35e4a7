"""The image benchmark: what it decodes is like an ad, and its ways do the same work."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from adclick.images import decode_image
from benchmarks.ingest.decoding import SHAPE, figures, make_jpegs, measure_round


def test_its_jpegs_are_of_the_size_of_real_ads() -> None:
    files = make_jpegs(8)
    assert len(set(files)) == 8
    assert 55_000 < np.mean([len(file) for file in files]) < 85_000
    for file in files:
        width, height = Image.open(io.BytesIO(file)).size
        assert 560 <= width <= 640
        assert 470 <= height <= 530
        assert decode_image(file, SHAPE).std() > 20


def test_a_round_gives_every_figure_and_its_targets() -> None:
    files = make_jpegs(4)
    found = {figure.name: figure for figure in figures(files, [measure_round(files)])}
    assert str(found["ours / bare"].target) == "> 85"
    assert str(found["ours / naive, per impression"].target) == "> 10"
    assert all(figure.value > 0 for figure in found.values())
