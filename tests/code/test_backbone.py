"""A pretrained image network in the place of the tower's own convolutions."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import onnxruntime as ort
import pytest
from pydantic import ValidationError

from adclick.bundle.export import to_onnx
from adclick.errors import AdclickError
from adclick.model.options import Architecture, Backbone, ModelOptions
from adclick.model.seeds import Seeds
from adclick.model.tower import build_tower

SHAPE = (40, 48, 3)
NAME: Architecture = "MobileNet"


@pytest.fixture(scope="module")
def network() -> keras.Model:
    """The network as if it had been trained, on pixels from -1 to 1 as its kind is."""
    keras.utils.set_random_seed(3)
    return keras.applications.MobileNet(
        include_top=False, weights=None, input_shape=SHAPE, pooling="avg"
    )


@pytest.fixture(scope="module")
def weights(network: keras.Model, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("backbone") / "small.weights.h5"
    network.save_weights(file)
    return file


def tower_of(
    weights: str | Path, name: Architecture = NAME, shape: tuple[int, int, int] = SHAPE
) -> keras.Model:
    options = ModelOptions(towers=1, backbone=Backbone(name=name, weights=str(weights)))
    return build_tower(shape, options, Seeds(0))


@pytest.fixture(scope="module")
def tower(weights: Path) -> keras.Model:
    return tower_of(f"file://{weights}")


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 255, (3, *SHAPE), dtype=np.uint8)


def test_a_tower_sees_with_the_weights_that_were_given(
    network: keras.Model, tower: keras.Model, images: np.ndarray
) -> None:
    kernel, bias = tower.get_layer("embedding_0").get_weights()
    expected = np.asarray(network(images / np.float32(127.5) - 1)) @ kernel + bias
    np.testing.assert_allclose(np.asarray(tower(images)), expected, atol=1e-5)


def test_only_the_embedding_is_trained(tower: keras.Model) -> None:
    assert [weight.path for weight in tower.trainable_weights] == [
        "embedding_0/kernel",
        "embedding_0/bias",
    ]


def test_it_is_exported_and_saved_with_its_weights(
    tower: keras.Model, images: np.ndarray, tmp_path: Path
) -> None:
    expected = np.asarray(tower(images))
    session = ort.InferenceSession(to_onnx(tower))
    np.testing.assert_allclose(session.run(None, {"images": images})[0], expected, atol=1e-5)
    tower.save(tmp_path / "tower.keras")
    loaded = keras.saving.load_model(tmp_path / "tower.keras")
    np.testing.assert_array_equal(np.asarray(loaded(images)), expected)


def test_weights_that_cannot_be_had_are_named(tmp_path: Path) -> None:
    missing = tmp_path / "none.weights.h5"
    with pytest.raises(
        AdclickError, match=r"backbone\.weights: .*none\.weights\.h5 cannot be read"
    ):
        tower_of(missing)
    with pytest.raises(AdclickError, match="cannot be read"):
        tower_of("http://127.0.0.1:9/some.weights.h5")


def test_weights_of_another_network_are_refused(weights: Path, tmp_path: Path) -> None:
    for other in ("MobileNetV2", "VGG16"):
        with pytest.raises(AdclickError, match=f"are no weights of {other} without its top"):
            tower_of(weights, other)
    broken = tmp_path / "broken.weights.h5"
    broken.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(AdclickError, match=r"broken\.weights\.h5 are no weights"):
        tower_of(broken)


def test_images_that_are_too_small_for_it_are_refused(weights: Path) -> None:
    with pytest.raises(AdclickError, match=r"backbone Xception: .*at least 71"):
        tower_of(weights, "Xception")


def test_each_architecture_is_one_that_keras_has() -> None:
    names = Architecture.__value__.__args__
    assert all(callable(getattr(keras.applications, name)) for name in names)
    with pytest.raises(ValidationError, match="name"):
        Backbone(name="MobileNetV9", weights="a.h5")
    with pytest.raises(ValidationError, match=r"no \.h5"):
        Backbone(name=NAME, weights="a.pt")
