"""Exports: encoders in other languages are the model's, runtimes score as it does, or nothing."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from adclick.bundle.bundle import ServingBundle
from adclick.bundle.write import write_manifest
from adclick.columns import TimeColumn
from adclick.encoding.encoder import FeatureEncoder, NumericEncoding
from adclick.encoding.requests import format_time
from adclick.errors import AdclickError
from adclick.exports import javascript, onnx, shipped
from adclick.exports.export import export
from adclick.exports.material import Material
from adclick.exports.random_rows import disagreement, expected_encodings, random_requests
from adclick.exports.runtimes import Runtimes
from adclick.exports.spec import encoder_spec, first_at
from adclick.model.calibration import Calibration
from tests.bundles import example, tiny_bundle

NODE = shutil.which("node")
ISOTONIC = Calibration(logits=(-3.0, -2.0, 0.0), probabilities=(0.01, 0.2, 0.9))
FEWER = 1_000
FORMATS = ("iso", "epoch", "%y%m%d%H", "%d %b %Y, %I:%M %p", "%Y-%m-%dT%H:%M:%S.%f%z")


needs_node = pytest.mark.skipif(NODE is None, reason="Node is not installed")


@pytest.fixture
def fewer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Encoders are proven on FEWER random requests."""
    for module in (shipped, javascript):
        monkeypatch.setattr(module, "random_requests", partial(random_requests, count=FEWER))


class SystemNode(Runtimes):
    """Runtimes with the machine's own Node: encoders need no other."""

    @property
    def node(self) -> str:  # type: ignore[override]
        assert NODE is not None
        return NODE


RUNTIMES = SystemNode(Path(__file__).parents[2])


def material(
    folder: Path,
    images: bool = True,
    time_format: str = "iso",
    calibration: Calibration | None = None,
) -> Material:
    """A tiny bundle, with no more of what it was made of than encoders and ONNX Runtime take."""
    bundle = tiny_bundle(folder, images=images)
    if time_format != "iso" or calibration is not None:
        bundle = changed(bundle, time_format, calibration)
    return Material(bundle, None, None, None)  # type: ignore[arg-type]


def changed(
    bundle: ServingBundle, time_format: str, calibration: Calibration | None
) -> ServingBundle:
    schema, manifest = bundle.schema, bundle.manifest
    columns = {**schema.columns, schema.time: TimeColumn(role="time", format=time_format)}
    other = schema.model_copy(update={"columns": columns})
    (bundle.path / "schema.json").write_text(other.model_dump_json())
    return write_manifest(
        bundle.path,
        version=bundle.version,
        training_months=manifest.training_months,
        trained_on=manifest.trained_on,
        calibration=calibration or manifest.calibration,
        tolerance=manifest.tolerance,
    )


def test_the_python_encoder_is_the_models_own(tmp_path: Path) -> None:
    told = shipped.write_encoder(tmp_path, material(tmp_path / "b"))
    assert told.startswith("Python encoder: 10,000 random requests alike, ")


@needs_node
def test_the_javascript_encoder_is_the_models_own(tmp_path: Path) -> None:
    told = javascript.write_encoder(tmp_path, material(tmp_path / "b"), RUNTIMES)
    assert told.startswith("JavaScript encoder: 10,000 random requests alike, ")
    assert not (tmp_path / "requests.json").exists()


@needs_node
@pytest.mark.usefixtures("fewer")
@pytest.mark.parametrize(
    ("images", "time_format"), [(False, "iso"), *((True, form) for form in FORMATS)]
)
def test_encoders_are_the_models_own_without_images_and_for_other_times(
    tmp_path: Path, images: bool, time_format: str
) -> None:
    made = material(tmp_path / "b", images, time_format)
    for told in (
        shipped.write_encoder(tmp_path, made),
        javascript.write_encoder(tmp_path, made, RUNTIMES),
    ):
        assert f"encoder: {FEWER:,} random requests alike" in told


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("value < edges[middle]", "value <= edges[middle]"),
        ("+ 3, 7)", "+ 4, 7)"),
        ("value > column.max", "value > column.max + 1"),
        ("column.default : trimmed(value)", "column.default : value"),
        ("return bearable(trimmed(value), name);", "return trimmed(value);"),
    ],
)
@needs_node
@pytest.mark.usefixtures("fewer")
def test_an_encoder_that_errs_is_not_exported(
    tmp_path: Path, old: str, new: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources = tmp_path / "sources"
    shutil.copytree(javascript.SOURCES, sources)
    source = (sources / "encoder.js").read_text()
    assert old in source
    (sources / "encoder.js").write_text(source.replace(old, new))
    monkeypatch.setattr(javascript, "SOURCES", sources)
    with pytest.raises(AdclickError, match="the JavaScript encoder of v1 is not the model's: "):
        javascript.write_encoder(tmp_path, material(tmp_path / "b"), RUNTIMES)


def test_random_requests_hold_what_encoders_may_get_wrong(tmp_path: Path) -> None:
    bundle = tiny_bundle(tmp_path)
    requests = random_requests(bundle)
    assert requests == random_requests(bundle) != random_requests(bundle, seed=1)
    json.dumps(requests, allow_nan=False)
    expected = expected_encodings(bundle, requests)
    refused = sum(one is None for one in expected)
    assert 500 < refused < 4_000
    good = [one for one in expected if one is not None]
    for column, name in enumerate(bundle.encoder.slot_names):
        # a device that is not known is none of those that are allowed
        unseen = {0} if name == "device" else set()
        slots = {slots[column] for slots, _, _ in good}
        assert slots == set(range(bundle.encoder.slot_counts[column])) - unseen
    assert {creative for _, _, creative in good} > {*bundle.creative_ids, None}
    edges = set(encoder_spec(bundle).numbers[1].edges)
    assert edges & {request.get("price") for request in requests if _hashable(request)}


def _hashable(request: dict[str, Any]) -> bool:
    return not isinstance(request.get("price"), list)


def test_a_disagreement_names_the_request(tmp_path: Path) -> None:
    bundle = tiny_bundle(tmp_path)
    requests = [example(age=age) for age in (10, 11)]
    expected = expected_encodings(bundle, requests)
    assert disagreement(requests, expected, expected) is None
    slots, numbers, creative = expected[1] or ([], [], None)
    off = [expected[0], (slots, [*numbers[:-1], numbers[-1] + 1e-6], creative)]
    assert '"age": 11' in str(disagreement(requests, expected, off))
    assert '"age": 10' in str(disagreement(requests, expected, [None, expected[1]]))


@pytest.mark.parametrize("edge", [0.0, 0.5, float(np.log1p(7.0)), 3.3, 30.0])
def test_the_first_value_at_an_edge_is_where_the_slot_changes(edge: float) -> None:
    encoding = NumericEncoding(name="x", log=True, mean=0.0, scale=1.0, edges=(edge,))
    first = first_at(encoding, edge)
    encoder = FeatureEncoder(time="t", categorical=(), numeric=(encoding,))
    values = np.array([np.nextafter(first, -1), first])
    slots = np.searchsorted(encoder.numeric[0].edges, encoding.transform(values), side="right")
    assert slots.tolist() == ([0, 1] if first > 0 else [0, 1][-len(slots) :])


@pytest.mark.parametrize("images", [True, False])
def test_the_onnx_export_scores_in_a_process_that_knows_nothing_of_adclick(
    tmp_path: Path, images: bool
) -> None:
    checked = export("onnx", material(tmp_path / "b", images), tmp_path / "out", RUNTIMES)
    assert [line.split(":")[0] for line in checked] == ["Python encoder", "ONNX Runtime"]
    ran = subprocess.run(
        [sys.executable, "example.py"], cwd=tmp_path / "out", text=True, stdout=-1, check=True
    )
    assert ran.stdout.count("must be") == 3 and "at most 1e-06 is allowed" in ran.stdout
    assert "- ONNX Runtime: 3 golden requests" in (tmp_path / "out/README.md").read_text()
    assert (tmp_path / "out/requirements.txt").read_text().startswith("onnxruntime==")


def test_golden_scores_of_another_calibration_are_not_exported(tmp_path: Path) -> None:
    made = material(tmp_path / "b", calibration=ISOTONIC)
    with pytest.raises(AdclickError, match="ONNX Runtime scores a golden request of v1 by"):
        export("onnx", made, tmp_path / "out", RUNTIMES)
    assert not (tmp_path / "out").exists()


def test_an_example_fails_where_scores_differ(tmp_path: Path) -> None:
    export("onnx", material(tmp_path / "b"), tmp_path / "out", RUNTIMES)
    golden = json.loads((tmp_path / "out/golden.json").read_text())
    golden["requests"][1]["score"] += 1e-3
    (tmp_path / "out/golden.json").write_text(json.dumps(golden))
    command = [sys.executable, "example.py"]
    ran = subprocess.run(command, cwd=tmp_path / "out", capture_output=True, check=False)
    assert ran.returncode == 1


def test_a_python_probability_is_the_calibrations(tmp_path: Path) -> None:
    for number, calibration in enumerate((ISOTONIC, Calibration(slope=0.7, intercept=-1.0))):
        made = material(tmp_path / f"b{number}", calibration=calibration)
        shipped.write_encoder(tmp_path, made)
        encoder = shipped._module(tmp_path / "click_encoder.py").Encoder(tmp_path / "encoder.json")
        logits = np.array([-9.0, -3.0, -2.5, -2.0, -0.1, 0.0, 4.0])
        found = encoder.probability(logits.reshape(-1, 1))
        np.testing.assert_allclose(found, calibration.probability(logits), rtol=1e-12)


@needs_node
def test_a_javascript_probability_is_the_calibrations(tmp_path: Path) -> None:
    logits = [-9.0, -3.0, -2.5, -2.0, -0.1, 0.0, 4.0]
    for number, calibration in enumerate((ISOTONIC, Calibration(slope=0.7, intercept=-1.0))):
        made = material(tmp_path / f"b{number}", calibration=calibration)
        javascript.write_encoder(tmp_path, made, RUNTIMES)
        code = f"console.log(JSON.stringify(require('./encoder.js').probabilities({logits})))"
        output = subprocess.run(
            [str(NODE), "-e", code], cwd=tmp_path, check=True, stdout=subprocess.PIPE
        )
        expected = calibration.probability(np.array(logits))
        np.testing.assert_allclose(json.loads(output.stdout), expected, rtol=1e-12)


def test_a_time_that_a_language_cannot_read_is_refused(tmp_path: Path) -> None:
    made = material(tmp_path / "b", time_format="%Y %j %H")
    with pytest.raises(AdclickError, match="'%Y %j %H' cannot be read in JavaScript: %j is none"):
        javascript.write_encoder(tmp_path, made, RUNTIMES)


def test_a_folder_with_other_things_is_left_alone(tmp_path: Path) -> None:
    made, out = material(tmp_path / "b"), tmp_path / "out"
    out.mkdir()
    (out / "thesis.txt").write_text("mine")
    with pytest.raises(AdclickError, match="has other things in it: name a new folder"):
        export("onnx", made, out, RUNTIMES)
    assert [path.name for path in out.iterdir()] == ["thesis.txt"]
    (out / "thesis.txt").unlink()
    export("onnx", made, out, RUNTIMES)
    (out / "left over").write_text("")
    export("onnx", made, out, RUNTIMES)
    assert not (out / "left over").exists()
    with pytest.raises(AdclickError, match="has other things in it"):
        export("tfjs", made, out, RUNTIMES)
    with pytest.raises(AdclickError, match="is a file: name a new folder"):
        export("onnx", made, out / "README.md", RUNTIMES)


def test_a_runtime_that_scores_otherwise_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(onnx, "scores_of", lambda *_: [0.5, 0.5, 0.5])
    with pytest.raises(AdclickError, match="ONNX Runtime scores a golden request of v1 by"):
        export("onnx", material(tmp_path / "b"), tmp_path / "out/onnx", RUNTIMES)
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("time_format", ["iso", "%y%m%d%H"])
def test_hours_in_a_graph_are_those_of_the_calendar(time_format: str) -> None:
    import tensorflow as tf

    from adclick.exports.time_pattern import hours_since_1970

    times = [
        datetime(1970, 1, 1, tzinfo=UTC) + timedelta(hours=hours)
        for hours in np.random.default_rng(0).integers(0, 500_000, 2_000).tolist()
    ]
    texts = [str(format_time(time, time_format)) for time in times]
    found = hours_since_1970(tf.constant(texts), time_format, "time").numpy()
    expected = [int(time.timestamp()) // 3600 for time in times]
    assert found.tolist() == expected


@pytest.mark.parametrize("text", ["", "yesterday", "2023-02-29T00:00:00", "2024-01-01T24:00:00"])
def test_no_time_is_refused_in_a_graph(text: str) -> None:
    import tensorflow as tf

    from adclick.exports.time_pattern import hours_since_1970

    with pytest.raises(tf.errors.InvalidArgumentError, match="column when is no"):
        hours_since_1970(tf.constant(["2024-01-01T00:00:00", text]), "iso", "when")


def test_a_time_with_words_cannot_be_read_in_a_graph() -> None:
    from adclick.exports.time_pattern import pattern_of

    with pytest.raises(AdclickError, match="%b is none of"):
        pattern_of("%d %b %Y")
