"""Export for LiteRT: networks of 32-bit floats, and of eight-bit integers with what that costs."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from scipy.special import expit

from adclick.arrays import Array, Float64
from adclick.errors import AdclickError
from adclick.evaluation.metrics import Scored, metrics
from adclick.exports import shipped
from adclick.exports.material import EncodedSample, Material
from adclick.exports.runtimes import Runtimes, run, scores_of
from adclick.quiet import without_chatter

TOLERANCE = 1e-5
INT8 = ".int8"
# of what is learned which ranges eight bits are to cover, and on which rows the loss is measured
CALIBRATION_ROWS, CALIBRATION_IMAGES, TEST_ROWS = 1_000, 200, 200_000
LARGEST_LOSS = 0.02  # of AUC: more is no model worth having
PACKAGES = ("ai-edge-litert==2.3.0", "numpy")
SCORE = Path(__file__).parent / "files" / "tflite" / "score.py"


def export_tflite(material: Material, folder: Path, runtimes: Runtimes) -> list[str]:
    """Write float and int8 networks and all that scoring with them takes; returns what was checked.

    The int8 networks calculate in eight bits but for their outputs, which are floats again. Raises
    AdclickError where scores or encodings differ, or the int8 ones rank worse by LARGEST_LOSS.
    """
    learned = material.sample(material.split.calibration, CALIBRATION_ROWS)
    for network, examples in _networks(material, learned):
        (folder / f"{network.name}.tflite").write_bytes(_converted(network, None))
        (folder / f"{network.name}{INT8}.tflite").write_bytes(_converted(network, examples))
    proven = shipped.write_encoder(folder, material)
    shipped.write_creatives(folder, material)
    shipped.write_golden(folder, material, TOLERANCE)
    shipped.write_python(folder, "tflite", PACKAGES)
    python = runtimes.export_python
    scores = scores_of([python, "example.py", "--json"], folder)
    rough = scores_of([python, "example.py", INT8, "--json"], folder)
    golden = [golden.score for golden in material.bundle.golden]
    return [
        proven,
        shipped.check_golden(material, scores, TOLERANCE, "LiteRT, float"),
        f"LiteRT, int8: largest difference of a golden request "
        f"{np.abs(np.subtract(rough, golden)).max():.1e}",
        _loss(material, folder, python),
    ]


def _networks(
    material: Material, learned: EncodedSample
) -> Iterator[tuple[keras.Model, Callable[[], Iterator[dict[str, Array]]]]]:
    encoded = learned.encoded
    inputs = {"categorical": encoded.categorical, "numeric": encoded.numeric}
    tower, images = material.model.tower, learned.images
    if tower is not None and images is not None and learned.shown is not None:
        inputs["creative"] = material.model.embed(images)[learned.shown]
        yield _named(tower, "tower"), _one_by_one({"images": images[:CALIBRATION_IMAGES]})
    yield _named(material.model.head, "head"), _one_by_one(inputs)


def _named(network: keras.Model, name: str) -> keras.Model:
    return keras.Model(network.inputs, network.outputs[0], name=name)


def _one_by_one(inputs: dict[str, Array]) -> Callable[[], Iterator[dict[str, Array]]]:
    def examples() -> Iterator[dict[str, Array]]:
        for row in range(len(next(iter(inputs.values())))):
            yield {name: part[row : row + 1] for name, part in inputs.items()}

    return examples


def _converted(
    network: keras.Model, examples: Callable[[], Iterator[dict[str, Array]]] | None
) -> bytes:
    # a network that was loaded has not been called yet
    network([keras.ops.zeros((1, *part.shape[1:]), part.dtype) for part in network.inputs])
    converter = tf.lite.TFLiteConverter.from_keras_model(network)
    if examples is not None:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = examples
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    with without_chatter():
        return bytes(converter.convert())


def _loss(material: Material, folder: Path, python: str) -> str:
    """How much worse the int8 networks rank test rows, in words."""
    rows = material.sample(material.split.test, TEST_ROWS)
    exact, rough = (_auc(rows, logits) for logits in _logits(rows, folder, python))
    if not exact - rough <= LARGEST_LOSS:
        raise AdclickError(
            f"int8 networks of {material.bundle.version} rank test rows with AUC {rough:.4f}, the "
            f"float ones with {exact:.4f}: more than {LARGEST_LOSS} is lost, nothing was exported"
        )
    return (
        f"LiteRT, int8: AUC {rough:.4f} on {len(rows.clicks):,} test rows, {exact - rough:+.4f} "
        f"lost of the float networks' {exact:.4f}"
    )


def _logits(rows: EncodedSample, folder: Path, python: str) -> Iterator[Float64]:
    """What the float and the int8 networks make of these rows in LiteRT."""
    encoded = rows.encoded
    arrays: dict[str, Array] = {"categorical": encoded.categorical, "numeric": encoded.numeric}
    if rows.images is not None and rows.shown is not None:
        arrays |= {"images": rows.images, "shown": rows.shown}
    with tempfile.TemporaryDirectory(prefix="adclick-litert-") as place:
        np.savez(Path(place) / "rows.npz", **arrays)
        for suffix in ("", INT8):
            run([python, str(SCORE), str(folder), place, suffix], folder)
            yield np.load(Path(place) / "logits.npy").reshape(-1)


def _auc(rows: EncodedSample, logits: Float64) -> float:
    return metrics(Scored(rows.clicks, rows.impressions, expit(logits)))["auc"]
