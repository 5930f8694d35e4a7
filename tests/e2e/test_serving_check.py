"""The trial of a bundle's real server: what it finds, what it refuses, what it leaves behind."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import psutil
import pytest
from onnx import TensorProto, helper

from adclick.bundle.bundle import HEAD, ServingBundle
from adclick.bundle.scorer import Scorer
from adclick.bundle.write import write_golden, write_manifest
from adclick.encoding.candidate import parse_candidates
from adclick.encoding.encoder import FeatureEncoder
from adclick.errors import AdclickError
from adclick.evaluation.condition import Condition
from adclick.evaluation.policy import ServingBudget
from adclick.evaluation.replay import Replay
from adclick.evaluation.serving import ServingFigures
from adclick.evaluation.serving_conditions import serving_conditions
from serving.check import NEW, check_serving
from serving.options import MODULE
from serving.temporary import temporary_server
from tests.bundles import CREATIVES, example, expected, tiny_bundle
from tests.hosts import REPOSITORY
from tests.servers import gone, tree, wait_until

SITES = ("news", "sport", "blog")


def rows(count: int) -> list[dict[str, Any]]:
    return [
        example(creative=CREATIVES[n % 3], site=SITES[n % 3], age=n % 90, price=n / 7)
        for n in range(count)
    ]


def replay_of(bundle: ServingBundle, requests: Sequence[dict[str, Any]]) -> Replay:
    """What a bundle that is right makes of the requests, with its creatives as images."""
    candidates = parse_candidates(bundle.schema, requests)
    shown = [1 + CREATIVES.index(str(row["creative"])) for row in requests]
    return Replay(
        ids=tuple(f"i{number}" for number in range(len(requests))),
        requests=tuple(requests),
        encoder=bundle.encoder,
        encoded=bundle.encoder.encode_candidates(candidates),
        scores=np.array(expected(bundle, requests)),
        embeddings=np.array(bundle.creative_embeddings[shown]),
    )


@pytest.fixture
def good(tmp_path: Path) -> ServingBundle:
    return tiny_bundle(tmp_path / "good")


def rewritten(bundle: ServingBundle) -> ServingBundle:
    """The bundle after its files were changed: its manifest and golden answers fit them."""
    manifest = bundle.manifest

    def finish() -> ServingBundle:
        return write_manifest(
            bundle.path,
            version=manifest.version,
            training_months=manifest.training_months,
            trained_on=manifest.trained_on,
            calibration=manifest.calibration,
            tolerance=manifest.tolerance,
        )

    fresh = finish()
    scores = expected(fresh, [dict(golden.features) for golden in bundle.golden])
    pairs = zip(bundle.golden, scores, strict=True)
    write_golden(bundle.path, [g.model_copy(update={"score": score}) for g, score in pairs])
    return finish()


def with_encoder(bundle: ServingBundle, encoder: FeatureEncoder) -> ServingBundle:
    (bundle.path / "encoder.json").write_text(encoder.model_dump_json(), encoding="utf-8")
    return rewritten(ServingBundle(bundle.path, bundle.manifest))


def with_schema(bundle: ServingBundle, column: str, **changes: Any) -> ServingBundle:
    columns = dict(bundle.schema.columns)
    columns[column] = columns[column].model_copy(update=changes)
    schema = bundle.schema.model_copy(update={"columns": columns})
    (bundle.path / "schema.json").write_text(schema.model_dump_json(), encoding="utf-8")
    return rewritten(ServingBundle(bundle.path, bundle.manifest))


def servers() -> set[int]:
    lines = [(p.pid, p.info["cmdline"] or []) for p in psutil.process_iter(["cmdline"])]
    return {pid for pid, line in lines if MODULE in line and str(os.getpid()) in line}


def broken_conditions(
    figures: ServingFigures, budget: ServingBudget | None = None
) -> list[Condition]:
    """What of the budget does not hold, by default of the default one."""
    found = serving_conditions(budget or ServingBudget(), figures)
    return [condition for condition in found if not condition.holds]


def test_a_good_bundle_answers_as_offline_and_leaves_nothing(good: ServingBundle) -> None:
    figures = check_serving(good, replay_of(good, rows(150)))
    assert (figures.version, figures.failed, figures.failure) == ("v1", 0, "")
    assert figures.requests == 150 + 100
    assert (figures.max_skew < 1e-12, figures.skew) == (True, "")
    assert 0 < figures.p50_ms <= figures.p99_ms < 1000
    assert 0 < figures.many_p50_ms <= figures.many_p99_ms < 1000
    assert 50 < figures.memory_mb < 500
    assert figures.size_mb == pytest.approx(
        sum(f.stat().st_size for f in good.path.iterdir()) / 1e6
    )
    assert servers() == set()
    assert broken_conditions(figures) == []


def test_new_creatives_are_scored_by_their_images(good: ServingBundle) -> None:
    requests = rows(6)
    images = np.random.default_rng(0).integers(0, 256, (6, 8, 8, 3), np.uint8)
    scorer = Scorer(good)
    candidates = parse_candidates(good.schema, requests)
    # offline each row's creative has this image; what the bundle knows is by its old embedding
    embedded = scorer.embed(images)
    unknown = [{**row, "creative": f"{row['creative']}{NEW}"} for row in requests]
    as_new = scorer.score(parse_candidates(good.schema, unknown), dict(enumerate(embedded)))
    replay = replay_of(good, requests)
    wrong = Replay(**(vars(replay) | {"images": images}))
    assert np.abs(as_new - scorer.score(candidates)).max() > 1e-3
    found = check_serving(good, wrong)
    assert found.requests == 6 + 100 + 1
    assert found.max_skew == pytest.approx(np.abs(as_new - replay.scores).max(), abs=1e-6)


def test_an_encoder_that_differs_in_serving_is_found_and_named(
    good: ServingBundle, tmp_path: Path
) -> None:
    age, *others = good.encoder.numeric
    wrong = good.encoder.model_copy(
        update={"numeric": (age.model_copy(update={"mean": age.mean + 1}), *others)}
    )
    served = with_encoder(tiny_bundle(tmp_path / "served"), wrong)
    figures = check_serving(served, replay_of(good, rows(20)))
    assert figures.failed == 0
    assert figures.max_skew > 1e-5
    row, features = figures.skew.split("; ")
    assert row.startswith("row i") and " is served 0." in row and ", offline 0." in row
    assert features.startswith("age: ") and ", offline " in features
    (broken,) = broken_conditions(figures)
    assert broken.name == "served minus offline score" and features in broken.figure


def test_a_vocabulary_in_another_order_is_found_and_named(
    good: ServingBundle, tmp_path: Path
) -> None:
    site, device = good.encoder.categorical
    turned = device.model_copy(update={"values": device.values[::-1]})
    wrong = good.encoder.model_copy(update={"categorical": (site, turned)})
    served = with_encoder(tiny_bundle(tmp_path / "served"), wrong)
    figures = check_serving(served, replay_of(good, rows(20)))
    assert figures.skew.split("; ")[1:] == ["device: slot 1, offline 2"]


def test_another_embedding_is_named_and_another_network_is_told_apart(
    good: ServingBundle, tmp_path: Path
) -> None:
    replay = replay_of(good, rows(3))
    served = tiny_bundle(tmp_path / "served")
    embeddings = np.load(served.path / "creatives.npy")
    embeddings[2] += 1
    np.save(served.path / "creatives.npy", embeddings)
    figures = check_serving(rewritten(ServingBundle(served.path, served.manifest)), replay)
    assert figures.skew.split("; ")[1] == "creative ad-2: embedding differs by up to 1"
    figures = check_serving(tiny_bundle(tmp_path / "network", bias=-1.0), replay)
    assert figures.skew.split("; ")[1] == (
        "no encoded feature differs: the network or its calibration do"
    )


def test_a_bundle_with_a_wrong_image_size_is_refused(good: ServingBundle, tmp_path: Path) -> None:
    served = with_schema(tiny_bundle(tmp_path / "served"), "image", height=16, width=16)
    with pytest.raises(AdclickError, match=r"its server exited with 3: .*images.*Got: 16 Exp"):
        check_serving(served, replay_of(good, rows(3)))
    assert servers() == set()


def test_a_server_that_does_not_start_is_refused_with_its_last_word(good: ServingBundle) -> None:
    replay = replay_of(good, rows(3))
    (good.path / HEAD).write_bytes(b"no head")
    with pytest.raises(AdclickError, match=r"exited with 3: .*head.onnx is missing or damaged"):
        check_serving(good, replay)


def test_a_server_that_is_never_ready_is_refused_and_ended(good: ServingBundle) -> None:
    with (
        pytest.raises(AdclickError, match=r"its server was not ready in 0\.2 s"),
        temporary_server(good, start_seconds=0.2),
    ):
        pass
    assert servers() == set()


def test_what_a_bundle_refuses_is_counted_and_told(good: ServingBundle, tmp_path: Path) -> None:
    served = with_schema(tiny_bundle(tmp_path / "served"), "age", max=80)
    figures = check_serving(served, replay_of(good, rows(90)))
    assert figures.failed == 9 + 100
    assert "row 0: column 'age'" in figures.failure
    (broken,) = broken_conditions(figures)
    assert broken.name == "requests without a score" and figures.failure in broken.figure


def slow_head(path: Path) -> None:
    """Have the head multiply large matrices before it says anything."""
    model = onnx.load(path)
    side = 1200
    shape = helper.make_tensor("side", TensorProto.INT64, [2], [side, side])
    value = helper.make_tensor("value", TensorProto.FLOAT, [1], [1e-9])
    graph = model.graph
    (output,) = graph.output
    name = output.name
    last = next(node for node in graph.node if name in node.output)
    last.output[:] = ["fast"]
    graph.initializer.append(shape)
    graph.node.extend(
        [
            # of the request's size, so that it is not computed once and for all
            helper.make_node("ReduceMax", ["fast"], ["most"], keepdims=0),
            helper.make_node("ConstantOfShape", ["side"], ["ones"], value=value),
            helper.make_node("Mul", ["ones", "most"], ["matrix"]),
            helper.make_node("MatMul", ["matrix", "matrix"], ["product"]),
            helper.make_node("ReduceMax", ["product"], ["peak"], keepdims=0),
            helper.make_node("Mul", ["peak", "zero"], ["nothing"]),
            helper.make_node("Add", ["fast", "nothing"], [name]),
        ]
    )
    graph.initializer.append(helper.make_tensor("zero", TensorProto.FLOAT, [], [0.0]))
    onnx.save(model, path)


def test_a_slow_scorer_is_measured_and_asked_less(good: ServingBundle, tmp_path: Path) -> None:
    served = tiny_bundle(tmp_path / "served")
    slow_head(served.path / HEAD)
    served = rewritten(ServingBundle(served.path, served.manifest))
    figures = check_serving(served, replay_of(good, rows(300)), part_seconds=0.5)
    assert figures.failed == 0 and figures.skew == ""
    assert figures.p50_ms > 10
    assert figures.requests < 300
    strict = ServingBudget(p99_ms=10, many_p99_ms=None)
    assert [broken.name for broken in broken_conditions(figures, strict)] == ["time to answer, p99"]


def test_the_server_ends_with_the_process_that_checks(good: ServingBundle) -> None:
    script = (
        "import sys, time\n"
        "from adclick.bundle.bundle import load_bundle\n"
        "from serving.temporary import temporary_server\n"
        "with temporary_server(load_bundle(sys.argv[1])) as server:\n"
        "    print(server.master.pid, flush=True)\n"
        "    time.sleep(60)\n"
    )
    command = [sys.executable, "-c", script, str(good.path)]
    with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True) as checking:
        assert checking.stdout is not None
        processes = tree(int(checking.stdout.readline()))
        checking.kill()
    assert len(processes) == 3
    wait_until(lambda: gone(processes), "the server has ended")
