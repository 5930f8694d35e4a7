"""A trained model's networks exported, each scored in its own runtime; a page looked at."""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from adclick.adlog import AdLog
from adclick.bundle.build import build_bundle
from adclick.bundle.scorer import Scorer
from adclick.encoding.candidate import parse_candidates
from adclick.encoding.encoder import FeatureEncoder
from adclick.exports.export import export
from adclick.exports.material import Material
from adclick.exports.random_rows import expected_encodings, random_requests
from adclick.exports.runtimes import ENVIRONMENT, Runtimes
from adclick.images import decode_image
from adclick.model.click_model import ClickModel
from adclick.splitting import Split
from tests.logs import encoded, picture

REPOSITORY = Path(__file__).parents[2]
RUNTIMES = Runtimes(REPOSITORY)
pytestmark = pytest.mark.slow
needs_environment = pytest.mark.skipif(
    not (REPOSITORY / ENVIRONMENT / "installed").exists(),
    reason=f"`make {ENVIRONMENT}/installed` makes the export environment",
)


@pytest.fixture(scope="module")
def material(
    sample_log: AdLog,
    sample_split: Split,
    sample_encoder: FeatureEncoder,
    trained: ClickModel,
    tmp_path_factory: pytest.TempPathFactory,
) -> Material:
    folder = tmp_path_factory.mktemp("bundle")
    bundle = build_bundle(sample_log, sample_split, sample_encoder, trained, folder)
    return Material(bundle, trained, sample_log, sample_split)


Exported = Callable[[str], tuple[Path, list[str]]]


@pytest.fixture(scope="module")
def exported(material: Material, tmp_path_factory: pytest.TempPathFactory) -> Exported:
    """Exports to a target, once; the folder and what was checked."""
    done: dict[str, tuple[Path, list[str]]] = {}

    def made(target: str) -> tuple[Path, list[str]]:
        if target not in done:
            out = tmp_path_factory.mktemp(target) / "out"
            done[target] = out, export(target, material, out, RUNTIMES)
        return done[target]

    return made


@pytest.fixture
def saved(exported: Exported, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The SavedModel's class from the export."""
    folder, _ = exported("savedmodel")
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.delitem(sys.modules, "click_model", raising=False)
    import click_model

    return click_model.load(folder)


def test_a_savedmodel_lies_as_tf_serving_wants_it(exported: Exported, material: Material) -> None:
    folder, checked = exported("savedmodel")
    assert re.match(r"TensorFlow, SavedModel: 16 golden requests off by \d.\de-\d\d", checked[0])
    assert {path.name for path in (folder / "click/1").iterdir()} >= {"saved_model.pb", "variables"}
    extra = json.loads((folder / "click/1/assets.extra/adclick.json").read_text())
    assert extra == {"version": material.bundle.version}


def test_a_savedmodel_takes_requests_as_they_are(saved: Any, material: Material) -> None:
    bundle = material.bundle
    requests = random_requests(bundle, 1_500, seed=3)
    expected = expected_encodings(bundle, requests)
    pairs = list(zip(requests, expected, strict=True))
    good = [request for request, encoding in pairs if encoding is not None]
    wanted = Scorer(bundle).score(parse_candidates(bundle.schema, good))
    np.testing.assert_allclose(saved.predict(good), wanted, atol=1e-5)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"device": "fridge"}, "column device is none of desktop, mobile, tablet"),
        ({"site": None}, "column site is missing"),
        ({"bid": None}, "column bid is missing or not finite"),
        ({"bid": 1e9}, "column bid is above 1000"),
        ({"frequency": -1}, "column frequency is below 0"),
        ({"time": "yesterday"}, "column time is no time of the format iso"),
    ],
)
def test_a_savedmodel_refuses_what_the_encoder_refuses(
    saved: Any, material: Material, changes: dict[str, Any], named: str
) -> None:
    good = material.bundle.golden[0].features
    with pytest.raises(Exception, match=named):
        saved.predict([good, good | changes])


def test_a_savedmodel_embeds_an_image(saved: Any, material: Material) -> None:
    bundle, shape = material.bundle, material.bundle.schema.image_shape
    assert shape is not None
    pixels = decode_image(encoded(picture(3)), shape)
    request = bundle.golden[0].features | {"creative_id": None}
    candidates = parse_candidates(bundle.schema, [request])
    (wanted,) = Scorer(bundle).score(candidates, {0: Scorer(bundle).embed(pixels[None])[0]})
    score = saved._model.signatures["with_image"]
    inputs = {
        name: np.array([request[name]], "float64" if name in bundle.schema.numeric else object)
        for name in bundle.schema.features
        if name != "creative_id"
    }
    import tensorflow as tf

    given = {name: tf.constant(value) for name, value in inputs.items()}
    found = score(image=tf.constant(pixels[None]), **given)["click_probability"]
    assert float(found[0]) == pytest.approx(wanted, abs=1e-5)


@needs_environment
def test_litert_scores_in_floats_and_in_eight_bits(exported: Exported) -> None:
    folder, checked = exported("tflite")
    assert [line.split(":")[0] for line in checked] == [
        "Python encoder",
        "LiteRT, float",
        "LiteRT, int8",
        "LiteRT, int8",
    ]
    assert re.search(r"AUC 0\.\d{4} on 1,\d{3} test rows, [+-]0\.\d{4} lost of", checked[-1])
    sizes = {path.name: path.stat().st_size for path in folder.glob("*.tflite")}
    assert sizes["tower.int8.tflite"] < sizes["tower.tflite"]


@needs_environment
def test_tfjs_scores_in_node_and_in_a_page_without_a_network(exported: Exported) -> None:
    folder, checked = exported("tfjs")
    assert checked[0].startswith("JavaScript encoder: 10,000 random requests alike")
    assert checked[1].startswith("TF.js in Node: 16 golden requests off by")
    if RUNTIMES.browser is None:
        pytest.skip("neither Chromium nor Chrome is installed")
    assert re.match(r"TF.js in a page \(.*, offline\): 16 golden requests off by", checked[2])
    page = (folder / "index.html").read_text()
    assert "http" not in page
    shutil.copytree(folder, folder.parent / "moved")
    golden = json.loads((folder.parent / "moved/golden.json").read_text())
    assert len(golden["requests"]) == 16
