"""Weights that a training takes over from a former model."""

from __future__ import annotations

import numpy as np
import pytest

from adclick.encoding.encoder import CategoricalEncoding, FeatureEncoder, NumericEncoding
from adclick.model.calibration import Calibration
from adclick.model.click_model import ClickModel
from adclick.model.head import build_head
from adclick.model.options import ModelOptions
from adclick.model.seeds import Seeds
from adclick.model.tower import build_tower
from adclick.training.warm_start import NEW, WarmStart, carry_over, former_slots

OPTIONS = ModelOptions(
    hidden_units=(8,), tower_filters=(2, 3), image_dimensions=4, cross_rank=2, towers=1
)
SHAPE = (16, 20, 3)
SITES, OTHERS = ("news", "sport"), ("blog", "sport", "news")


def encoder(
    sites: tuple[str, ...], edges: tuple[float, ...] = (10.0, 20.0), columns: tuple[str, ...] = ()
) -> FeatureEncoder:
    more = tuple(CategoricalEncoding(name=name, values=("x",)) for name in columns)
    numeric = NumericEncoding(name="age", log=False, mean=15.0, scale=5.0, edges=edges)
    site = CategoricalEncoding(name="site", values=sites)
    return FeatureEncoder(time="at", categorical=(site, *more), numeric=(numeric,))


def model(
    encoder: FeatureEncoder, seed: int, options: ModelOptions = OPTIONS, images: bool = True
) -> ClickModel:
    seeds = Seeds(seed)
    head = build_head(encoder.slot_counts, 1, images, 0.1, options, seeds)
    tower = build_tower(SHAPE, options, seeds) if images else None
    return ClickModel(head, tower, np.zeros(4, np.float32), Calibration(), ("2024-01",))


def vectors(model: ClickModel, part: str, table: str) -> np.ndarray:
    return np.asarray(model.head.get_layer(part).get_layer(table).get_weights()[0])


def test_a_value_is_found_wherever_its_slot_was() -> None:
    slots = former_slots(encoder(OTHERS), encoder(SITES))
    assert slots[:4].tolist() == [0, NEW, 2, 1]
    hours_and_weekdays = slots[-31:]
    assert hours_and_weekdays.tolist() == list(range(3 + 3, 3 + 3 + 31))


def test_a_numbers_bucket_is_the_former_one_that_it_lies_in() -> None:
    finer = encoder(SITES, edges=(5.0, 12.0, 14.0, 20.0, 30.0))
    buckets = former_slots(finer, encoder(SITES))[3:9] - 3
    assert buckets.tolist() == [0, 0, 1, 1, 2, 2]


def test_a_number_of_another_scale_is_new() -> None:
    now = encoder(SITES)
    logarithmic = now.numeric[0].model_copy(update={"log": True})
    slots = former_slots(now.model_copy(update={"numeric": (logarithmic,)}), now)
    assert slots[3:6].tolist() == [NEW] * 3


def test_the_same_values_predict_the_same_at_first() -> None:
    former, now = encoder(SITES), encoder(SITES[::-1])
    start = WarmStart("v1", model(former, 1), former)
    begun = model(now, 2)
    assert carry_over(start, begun, now) == ()
    rows = np.array([[1, 0, 3, 4], [2, 2, 23, 6], [0, 1, 0, 0]], np.int32)
    other = rows.copy()
    other[:, 0] = [2, 1, 0]
    numeric, creative = np.ones((3, 1), np.float32), np.ones((3, 4), np.float32)
    np.testing.assert_array_equal(
        begun.head([other, numeric, creative]), start.model.head([rows, numeric, creative])
    )
    images = np.random.default_rng(0).integers(0, 255, (2, *SHAPE), dtype=np.uint8)
    np.testing.assert_array_equal(begun.embed(images), start.model.embed(images))


@pytest.mark.parametrize(
    ("part", "table"), [("tabular", "slots"), ("tabular", "linear"), ("visual", "context")]
)
def test_values_never_seen_keep_the_vectors_of_a_new_model(part: str, table: str) -> None:
    former, now = encoder(SITES), encoder(OTHERS)
    start, begun, fresh = WarmStart("v1", model(former, 1), former), model(now, 2), model(now, 2)
    assert carry_over(start, begun, now) == ("site: 1 of 4 slots",)
    found = vectors(begun, part, table)
    np.testing.assert_array_equal(found[1], vectors(fresh, part, table)[1])
    np.testing.assert_array_equal(found[[2, 3]], vectors(start.model, part, table)[[2, 1]])


def test_another_column_begins_the_network_anew_but_keeps_the_values() -> None:
    former, now = encoder(SITES), encoder(SITES, columns=("device",))
    start, begun = WarmStart("v1", model(former, 1), former), model(now, 2)
    anew = carry_over(start, begun, now)
    assert anew == ("column device", "the network over the columns: other columns or sizes")
    found, old = vectors(begun, "tabular", "slots"), vectors(start.model, "tabular", "slots")
    np.testing.assert_array_equal(found[:3], old[:3])
    np.testing.assert_array_equal(found[5:], old[3:])


def test_columns_in_another_order_are_other_columns() -> None:
    former, now = encoder(SITES, columns=("a", "b")), encoder(SITES, columns=("b", "a"))
    start, begun, fresh = WarmStart("v1", model(former, 1), former), model(now, 2), model(now, 2)
    assert carry_over(start, begun, now) == (
        "the network over the columns: other columns or sizes",
    )
    combine = [one.tabular.head.get_layer("combine").get_weights()[0] for one in (begun, fresh)]
    np.testing.assert_array_equal(*combine)


def test_a_tower_of_another_size_begins_anew_and_what_it_is_worth_with_it() -> None:
    former = encoder(SITES)
    start = WarmStart("v1", model(former, 1), former)
    options = OPTIONS.model_copy(update={"tower_filters": (2, 4)})
    begun, fresh = model(former, 2, options), model(former, 2, options)
    assert carry_over(start, begun, former) == ("the images' tower: other sizes",)
    np.testing.assert_array_equal(
        vectors(begun, "visual", "context"), vectors(fresh, "visual", "context")
    )


@pytest.mark.parametrize("images", [(True, False), (False, True)])
def test_a_model_with_images_begins_with_one_without_and_the_reverse(
    images: tuple[bool, bool],
) -> None:
    former = encoder(SITES)
    start = WarmStart("v1", model(former, 1, images=images[0]), former)
    begun = model(former, 2, images=images[1])
    assert carry_over(start, begun, former) == (
        ("the images' tower: other sizes",) if images[1] else ()
    )
    rows = [np.zeros((1, 4), np.int32), np.ones((1, 1), np.float32)]
    np.testing.assert_array_equal(begun.tabular.head(rows), start.model.tabular.head(rows))
