"""What creatives look like: statistics that a person can check, and components of embeddings."""

from __future__ import annotations

import numpy as np
import pytest

from adclick.adlog import CreativeTable
from adclick.monitoring.distribution import Values
from adclick.monitoring.images import ImageBasis, image_statistics, with_images
from adclick.monitoring.profile import Profile

WHITE, BLACK, RED = (255, 255, 255), (0, 0, 0), (255, 0, 0)


def image(colour: tuple[int, int, int]) -> np.ndarray:
    return np.broadcast_to(np.array(colour, np.uint8), (8, 10, 3))


def profile(**shown: int) -> Profile:
    return Profile(
        period="2026-05",
        rows=10,
        impressions=10,
        effective_rows=10,
        of_creative=("advertiser",),
        creatives=Values(counts=shown, distinct=len(shown)),
        missing={},
        values={},
        numbers={},
        clicks=None,
    )


def test_statistics_are_those_of_the_pictures():
    stripes = np.zeros((8, 10, 3), np.uint8)
    stripes[:, ::2] = 255
    found = image_statistics(np.stack([image(WHITE), image(BLACK), image(RED), stripes]))
    assert found[:, 0] == pytest.approx([1, 0, 0.299, 0.5], abs=1e-6)  # brightness
    assert found[:, 1].tolist() == [0, 0, 1, 0]  # saturation
    assert found[:, 2] == pytest.approx([0, 0, 0, 0.5], abs=1e-6)  # edges
    assert image_statistics(np.empty((0, 8, 10, 3), np.uint8)).shape == (0, 3)


def test_creatives_count_as_their_impressions():
    creatives = CreativeTable(("a", "b"), np.stack([image(WHITE), image(BLACK)]))
    found = with_images(profile(a=3, b=1, unknown=9), creatives)
    assert found.numbers["image brightness"].mean == pytest.approx(0.75)
    assert found.numbers["image brightness"].total == 4
    assert set(found.of_creative) == {
        "advertiser", "image brightness", "image saturation", "image edges",
    }  # fmt: skip
    assert with_images(profile(unknown=9), creatives) == profile(unknown=9)


def test_components_are_where_embeddings_differ_most():
    generator = np.random.default_rng(0)
    embeddings = generator.normal(size=(50, 6)).astype(np.float32) * [1, 10, 1, 1, 5, 1]
    shown = generator.integers(1, 100, 50).astype(float)
    basis = ImageBasis.of(embeddings, shown)
    parts = basis.project(embeddings)
    assert parts.shape == (50, 4)
    assert abs(basis.components[0][1]) > 0.95
    assert np.average(parts, axis=0, weights=shown) == pytest.approx(np.zeros(4), abs=1e-4)
    assert ImageBasis.of(-embeddings, shown).components == pytest.approx(
        np.array(basis.components), abs=1e-5
    )
    assert ImageBasis.model_validate_json(basis.model_dump_json()) == basis


def test_components_become_columns():
    creatives = CreativeTable(("a", "b", "c"), np.stack([image(c) for c in (WHITE, BLACK, RED)]))
    embeddings = {"a": [1.0, 0.0], "b": [0.0, 0.0], "c": [0.0, 2.0]}

    def embed(ids):
        return np.array([embeddings[name] for name in ids.to_pylist()], np.float32)

    basis = ImageBasis.of(np.array(list(embeddings.values()), np.float32), np.ones(3))
    found = with_images(profile(a=1, b=1, c=1), creatives, basis, embed)
    assert {"image embedding 1", "image embedding 2"} <= set(found.numbers)
    assert found.numbers["image embedding 1"].mean == pytest.approx(0, abs=1e-6)
