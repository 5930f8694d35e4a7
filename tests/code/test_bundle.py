from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from adclick.adlog import AdLog, CreativeTable
from adclick.bundle import build
from adclick.bundle.build import build_bundle
from adclick.bundle.bundle import GOLDEN, HEAD, MANIFEST, ServingBundle, load_bundle
from adclick.bundle.scorer import Scorer
from adclick.encoding.candidate import parse_candidates
from adclick.encoding.encoder import FeatureEncoder
from adclick.encoding.requests import features, request_rows
from adclick.errors import AdclickError
from adclick.evaluation.offline import make_replay
from adclick.model.click_model import ClickModel
from adclick.splitting import Split
from serving.check import check_serving
from tests.bundles import CREATIVES, tiny_bundle
from tests.bundles import GOLDEN as TINY_GOLDEN

Build = Callable[[Path], ServingBundle]


@pytest.fixture(scope="module")
def built(
    sample_log: AdLog, sample_split: Split, sample_encoder: FeatureEncoder, trained: ClickModel
) -> Build:
    """Builds the bundle of the sample's model in a folder."""
    return lambda folder: build_bundle(sample_log, sample_split, sample_encoder, trained, folder)


@pytest.fixture(scope="module")
def bundle(built: Build, tmp_path_factory: pytest.TempPathFactory) -> ServingBundle:
    return built(tmp_path_factory.mktemp("bundle") / "new")


@pytest.fixture(scope="module")
def creatives(sample_log: AdLog) -> CreativeTable:
    table = sample_log.creatives()
    assert table is not None
    return table


def test_a_bundle_gives_the_scores_of_the_keras_model(
    bundle: ServingBundle,
    trained: ClickModel,
    sample_log: AdLog,
    sample_split: Split,
    creatives: CreativeTable,
) -> None:
    (batch,) = sample_log.batches(sample_split.test)
    shown = trained.embed(creatives.images)[creatives.index(batch.column("creative_id"))]
    expected = trained.predict(bundle.encoder.encode(batch), shown)
    scorer = Scorer(bundle).with_creatives(creatives.ids, creatives.images)
    np.testing.assert_allclose(scorer.score_batch(batch), expected, atol=1e-6)


def test_a_row_is_scored_like_the_request_for_it(
    bundle: ServingBundle, sample_log: AdLog, sample_split: Split
) -> None:
    schema, scorer = bundle.schema, Scorer(bundle)
    (batch,) = sample_log.batches(sample_split.test)
    batch = batch.slice(0, 50)
    rows = request_rows(sample_log, sample_split.test, 10_000)[:50]
    candidates = parse_candidates(schema, [features(schema, row) for row in rows])
    np.testing.assert_allclose(scorer.score(candidates), scorer.score_batch(batch), atol=1e-7)


def test_the_served_model_answers_as_offline_its_new_creatives_too(
    bundle: ServingBundle,
    sample_log: AdLog,
    sample_split: Split,
    sample_encoder: FeatureEncoder,
    trained: ClickModel,
) -> None:
    replay = make_replay(sample_log, sample_split, sample_encoder, trained, rows=200)
    assert len(replay.ids) == len(set(replay.ids)) == 200
    assert replay.images is not None
    figures = check_serving(bundle, replay)
    assert (figures.requests, figures.failed, figures.skew) == (200 + 100 + 1, 0, "")
    assert figures.max_skew < 1e-6


def test_golden_requests_have_the_bundles_own_answers(bundle: ServingBundle) -> None:
    assert len(bundle.golden) == 16
    rows = parse_candidates(bundle.schema, [golden.features for golden in bundle.golden])
    expected = [golden.score for golden in bundle.golden]
    found = Scorer(load_bundle(bundle.path)).score(rows)
    np.testing.assert_allclose(found, expected, atol=bundle.manifest.tolerance)


def test_all_of_the_logs_creatives_are_embedded(
    bundle: ServingBundle, creatives: CreativeTable, trained: ClickModel
) -> None:
    assert bundle.creative_ids == creatives.ids
    np.testing.assert_allclose(bundle.creative_embeddings[0], trained.fallback)
    np.testing.assert_allclose(
        bundle.creative_embeddings[1:], trained.embed(creatives.images), atol=1e-6
    )


def test_the_bundles_tower_embeds_like_the_models(
    bundle: ServingBundle, creatives: CreativeTable, trained: ClickModel
) -> None:
    found = Scorer(bundle).embed(creatives.images)
    np.testing.assert_allclose(found, trained.embed(creatives.images), atol=1e-5)


def test_the_same_model_has_the_same_version(
    bundle: ServingBundle, built: Build, tmp_path: Path, sample_split: Split
) -> None:
    assert built(tmp_path / "again").version == bundle.version
    assert bundle.version.startswith(max(sample_split.training.months) + ".")


def test_another_calibration_is_another_version(
    bundle: ServingBundle,
    sample_log: AdLog,
    sample_split: Split,
    sample_encoder: FeatureEncoder,
    trained: ClickModel,
    tmp_path: Path,
) -> None:
    slope = trained.calibration.model_copy(update={"slope": trained.calibration.slope * 1.01})
    other = ClickModel(**(vars(trained) | {"calibration": slope}))
    again = build_bundle(sample_log, sample_split, sample_encoder, other, tmp_path / "other")
    assert again.version != bundle.version


def test_an_export_that_scores_otherwise_leaves_no_bundle(
    built: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build, "EXPORT_TOLERANCE", -1.0)
    with pytest.raises(AdclickError, match="ONNX and Keras scores differ"):
        built(tmp_path / "bad")
    with pytest.raises(AdclickError, match=f"has no {MANIFEST}"):
        load_bundle(tmp_path / "bad")


def test_a_build_in_an_old_folder_keeps_nothing_of_the_old(
    bundle: ServingBundle, built: Build, tmp_path: Path
) -> None:
    tiny_bundle(tmp_path / "used", images=True)
    (tmp_path / "used/left-over.bin").write_bytes(b"x")
    again = built(tmp_path / "used")
    assert again.manifest.files.keys() == bundle.manifest.files.keys()
    assert again.golden == bundle.golden


def test_a_build_that_fails_in_an_old_folder_leaves_no_bundle(
    built: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny_bundle(tmp_path / "used")
    monkeypatch.setattr(build, "EXPORT_TOLERANCE", -1.0)
    with pytest.raises(AdclickError, match="ONNX and Keras scores differ"):
        built(tmp_path / "used")
    with pytest.raises(AdclickError, match=f"has no {MANIFEST}"):
        load_bundle(tmp_path / "used")


def test_a_bundle_without_images_has_none_of_an_earlier_one(tmp_path: Path) -> None:
    tiny_bundle(tmp_path / "used", images=True)
    assert not tiny_bundle(tmp_path / "used", images=False).has_images


@pytest.fixture
def tiny(tmp_path: Path) -> ServingBundle:
    return tiny_bundle(tmp_path / "tiny")


def test_a_loaded_bundle_is_the_written_one(tiny: ServingBundle) -> None:
    again = load_bundle(tiny.path)
    assert again == tiny
    assert (again.schema, again.encoder, again.golden) == (tiny.schema, tiny.encoder, tiny.golden)


@pytest.mark.parametrize(
    "name", [HEAD, GOLDEN, "schema.json", "encoder.json", "creatives.npy", "creative_ids.json"]
)
@pytest.mark.parametrize("damage", ["changed", "gone", "cut"])
def test_a_damaged_bundle_is_refused(tiny: ServingBundle, name: str, damage: str) -> None:
    file = tiny.path / name
    if damage == "gone":
        file.unlink()
    else:
        content = file.read_bytes()
        file.write_bytes(content[:-1] if damage == "cut" else content[:-1] + b"?")
    with pytest.raises(AdclickError, match=rf"bundle file .*{name} is missing or damaged"):
        load_bundle(tiny.path)


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b'{"version": "1"'])
def test_a_damaged_manifest_is_refused(tiny: ServingBundle, content: bytes) -> None:
    (tiny.path / MANIFEST).write_bytes(content)
    with pytest.raises(AdclickError, match=MANIFEST):
        load_bundle(tiny.path)


def test_a_folder_without_a_manifest_is_no_bundle(tmp_path: Path) -> None:
    with pytest.raises(AdclickError, match=f"has no {MANIFEST}: build it"):
        load_bundle(tmp_path)


def test_an_unknown_creative_is_scored_with_the_fallback(tiny: ServingBundle) -> None:
    rows = [{**TINY_GOLDEN[0], "creative": name} for name in (None, "new", "None", "ad-1")]
    scores = Scorer(tiny).score(parse_candidates(tiny.schema, rows))
    assert scores[0] == scores[1] == scores[2] != scores[3]


def test_a_creative_that_is_named_none_is_not_taken_for_a_missing_one(tmp_path: Path) -> None:
    bundle = tiny_bundle(tmp_path / "named")
    (bundle.path / "creative_ids.json").write_text(json.dumps(["None", *CREATIVES[1:]]))
    rows = [{**TINY_GOLDEN[0], "creative": name} for name in (None, "new", "None")]
    scores = Scorer(bundle).score(parse_candidates(bundle.schema, rows))
    assert scores[0] == scores[1] != scores[2]


@pytest.mark.parametrize("images", [True, False])
def test_a_scorer_knows_the_creatives_that_its_model_learned(tmp_path: Path, images: bool) -> None:
    scorer = Scorer(tiny_bundle(tmp_path / "tiny", images=images))
    assert [scorer.knows(name) for name in ("ad-1", "new", None)] == [True, False, False]


def test_new_creatives_are_known_to_the_new_scorer_alone(
    bundle: ServingBundle, creatives: CreativeTable
) -> None:
    scorer = Scorer(bundle)
    wider = scorer.with_creatives(["new", creatives.ids[0]], creatives.images[:2])
    assert (scorer.knows("new"), wider.knows("new")) == (False, True)
    row = bundle.golden[0].features
    as_first, as_new = (
        wider.score(parse_candidates(bundle.schema, [row | {"creative_id": name}]))
        for name in (creatives.ids[0], "new")
    )
    assert as_new == pytest.approx(as_first, abs=1e-6)
