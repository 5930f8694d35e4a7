"""What bench-model shows its contenders, and how it reads their scores."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from adclick.adlog import AdLog
from adclick.encoding.encoder import FeatureEncoder
from adclick.sample_data.creatives import TRAITS
from adclick.sample_data.generate import SampleData
from adclick.splitting import Split
from benchmarks.model.pictures import FULL, ORACLE, SHUFFLED, as_image, log_with, statistics
from benchmarks.model.world import World


@pytest.fixture(scope="module")
def world(
    sample_data: SampleData, sample_log: AdLog, sample_split: Split, sample_encoder: FeatureEncoder
) -> World:
    return World(Path("nowhere"), sample_data, sample_log, sample_split, sample_encoder)


def test_truth_and_creatives_belong_to_the_test_rows(world: World) -> None:
    rows = world.rows("test")
    assert world.truth.shape == (len(rows), 2)
    assert ((world.truth > 0) & (world.truth < 1)).all()
    clicked = np.asarray(rows.clicks) > 0
    assert world.truth[clicked, 0].mean() > world.truth[~clicked, 0].mean() + 0.02
    born = np.array([int(name[1:]) for name in world.log.creatives().ids])[world.shown]
    assert born[world.cold].min() > born[~world.cold].min()


def test_the_oracle_sees_the_true_looks_and_the_full_model_the_images(world: World) -> None:
    images = world.log.creatives().images
    np.testing.assert_array_equal(log_with(world, FULL).creatives().images, images)
    looks = log_with(world, ORACLE).creatives().images
    assert looks.shape == (len(images), 1, 1, len(TRAITS))
    size = TRAITS.index("product_size")
    order = np.argsort(world.looks[:, size])
    assert (np.diff(looks[order, 0, 0, size].astype(int)) >= 0).all()


def test_shuffled_images_are_the_same_with_other_owners(world: World) -> None:
    images = world.log.creatives().images
    shuffled = log_with(world, SHUFFLED).creatives().images
    assert sorted(image.tobytes() for image in shuffled) == sorted(i.tobytes() for i in images)
    assert (shuffled != images).any(axis=(1, 2, 3)).mean() > 0.8


def test_statistics_are_of_colours_and_edges() -> None:
    flat = np.full((1, 8, 8, 3), (255, 0, 51), np.uint8)
    np.testing.assert_allclose(statistics(flat)[0], [1, 0, 0.2, 0, 0, 0, 0, 0, 0], atol=1e-9)
    striped = np.zeros((1, 8, 8, 3), np.uint8)
    striped[:, :, ::2] = 255
    across, down, _ = statistics(striped)[0, 6:]
    assert (across, down) == (1, 0)


def test_numbers_become_channels_over_their_range() -> None:
    values = np.stack([np.linspace(-5, 5, 101), np.full(101, 3.0)], axis=1)
    pixels = as_image(values)
    assert pixels.shape == (101, 1, 1, 2)
    assert (pixels[0, 0, 0, 0], pixels[-1, 0, 0, 0]) == (0, 255)
    assert set(pixels[:, 0, 0, 1]) == {0}
