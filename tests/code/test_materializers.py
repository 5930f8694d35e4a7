"""Artifacts in a local artifact store: what is saved loads back, equal content has one hash."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pyarrow as pa
import pytest
from zenml.artifact_stores.local_artifact_store import (
    LocalArtifactStore,
    LocalArtifactStoreConfig,
)
from zenml.enums import StackComponentType
from zenml.materializers.base_materializer import BaseMaterializer
from zenml.materializers.materializer_registry import materializer_registry

import materializers  # noqa: F401  registers how our types travel
from adclick.adlog import AdLog
from adclick.canary.trial import CanaryTrial
from adclick.card.code_version import CodeVersion
from adclick.encoding.encoder import Encoded, FeatureEncoder
from adclick.evaluation.condition import Condition
from adclick.evaluation.decision import Decision
from adclick.evaluation.evaluation import CHALLENGER, Evaluation
from adclick.feedback.join import JoinCounts
from adclick.feedback.predictions import LabelledPredictions
from adclick.model.baseline import LogisticBaseline
from adclick.model.baselines import Baselines
from adclick.model.boosting import fit_boosting
from adclick.model.click_model import ClickModel
from adclick.monitoring.checks import DriftChecks
from adclick.monitoring.point import Point
from adclick.monitoring.profile import month_profile
from adclick.monitoring.reference import Reference
from adclick.monitoring.report import DriftReport
from adclick.monitoring.reports import DriftReports
from adclick.monitoring.verdict import Finding, Judgement
from adclick.prediction_log import REQUEST, SCORE
from adclick.scoring.scores import ScoredMonth, Scores
from adclick.splitting import Split
from adclick.statistics.anomaly import Anomaly, AnomalyOptions
from adclick.statistics.log import LogStatistics, Validation, describe_log
from adclick.training.trained import Trained
from tests.bundles import tiny_bundle, tiny_encoder
from tests.cards import SERVING, card
from tests.evaluations import evaluation, model
from tests.logs import ingested, many


@pytest.fixture
def store(tmp_path: Path) -> LocalArtifactStore:
    now = datetime.now(UTC)
    return LocalArtifactStore(
        name="store",
        id=uuid4(),
        config=LocalArtifactStoreConfig(path=str(tmp_path / "artifacts")),
        flavor="local",
        type=StackComponentType.ARTIFACT_STORE,
        user=None,
        created=now,
        updated=now,
    )


def materializer_of(data: Any, store: LocalArtifactStore) -> BaseMaterializer:
    """The materializer that ZenML takes for the data, at a new place in the store."""
    uri = f"{store.path}/{uuid4()}"
    store.makedirs(uri)
    return materializer_registry[type(data)](uri=uri, artifact_store=store)


FINDING = Finding("drift", "site", value=0.3, bound=0.2, ok=False, reason="site moved")
REPORT = DriftReport(
    name="2024-01",
    timestamp=datetime(2024, 1, 31, tzinfo=UTC),
    kind="months",
    rows=(10, 12),
    columns=("site", "age"),
    findings=(FINDING,),
    points=(Point("Data", "Months: columns against their bounds", "site", 1.5, 1.5),),
    fingerprint="print",
    snapshot='{"é": 1}',
    html="<p>é</p>",
)
CONDITION = Condition(name="AUC", figure="0.6", bound="at least 0.5", holds=True)


def baselines(intercept: float) -> Baselines:
    logistic = LogisticBaseline(
        np.array([0.1, 1 / 3]), np.array([0, 1]), np.array([2.5]), intercept, 0.04
    )
    generator = np.random.default_rng(0)
    rows = Encoded(
        generator.integers(0, 2, (400, 1), dtype=np.int32),
        generator.normal(size=(400, 1)).astype(np.float32),
    )
    clicks = (rows.numeric[:, 0] > 1).astype(float)
    return Baselines(logistic, fit_boosting(rows, (2,), clicks, np.ones(400)))


def evaluated(auc: float) -> Evaluation:
    found = evaluation()
    return found.model_copy(update={"models": (model(CHALLENGER, auc), *found.models[1:])})


def predictions(*scores: float, repeats: int = 0, pending: int = 0) -> LabelledPredictions:
    names = [f"id-{number}" for number in range(len(scores))]
    counts = JoinCounts(predictions=len(scores), repeats=repeats, pending=pending)
    return LabelledPredictions(pa.table({REQUEST: names, SCORE: scores}), repeats, counts)


@dataclass(frozen=True)
class Case:
    """How to make a value, another of the same content, and one of other content."""

    value: Callable[[Path], Any]
    equal: Callable[[Path], Any]
    other: Callable[[Path], Any]
    pages: int = 0


def decided(promote: bool) -> Decision:
    return Decision(promote=promote, reason="so", conditions=(CONDITION,))


def trial(reason: str) -> CanaryTrial:
    return CanaryTrial(version="v1", champion=None, outcome="no trial", reason=reason)


def scored(version: str) -> Scores:
    month = ScoredMonth(
        month=None,
        folder="all-0a1b",
        files=(),
        unscored=None,
        rows_in=0,
        rows_scored=0,
        rows_unscored=0,
        reasons={},
        creatives={},
        images_embedded=0,
    )
    return Scores(root="/s", data="/d", model="m", version=version, months=(month,))


def encoder(_: Path) -> FeatureEncoder:
    return tiny_encoder()


def described(folder: Path, *what: str) -> LogStatistics:
    found = describe_log(ingested(folder, {"2024-01": many(30)}), AnomalyOptions())
    return found.model_copy(update={"anomalies": tuple(map(anomaly, what))})


def reference(folder: Path, drift: float) -> Reference:
    months = [month_profile(month) for month in described(folder).months]
    found = Reference.of(months, DriftChecks())
    return found.model_copy(update={"usual": {"drift/site": drift}})


def anomaly(what: str) -> Anomaly:
    return Anomaly(severity="warning", month="2024-01", check="gap", column=None, what=what)


def validation(what: str) -> Validation:
    return Validation(anomalies=(anomaly(what),))


CASES: dict[str, Case] = {
    "statistics": Case(
        lambda folder: described(folder / "one", "é"),
        lambda folder: described(folder / "same", "é"),
        lambda folder: described(folder / "other"),
        pages=1,
    ),
    "validation": Case(
        lambda _: validation("é"), lambda _: validation("é"), lambda _: validation("e"), pages=1
    ),
    "encoder": Case(encoder, encoder, lambda _: tiny_encoder(images=False), pages=1),
    "reference": Case(
        lambda folder: reference(folder / "one", 0.1),
        lambda folder: reference(folder / "same", 0.1),
        lambda folder: reference(folder / "other", 0.2),
        pages=1,
    ),
    "evaluation": Case(
        lambda _: evaluated(0.6), lambda _: evaluated(0.6), lambda _: evaluated(0.61), pages=1
    ),
    "decision": Case(lambda _: decided(True), lambda _: decided(True), lambda _: decided(False), 1),
    "serving figures": Case(
        lambda _: SERVING,
        lambda _: SERVING.model_copy(),
        lambda _: SERVING.model_copy(update={"failed": 1}),
        pages=1,
    ),
    "card": Case(
        lambda _: card(evaluated(0.6), decided(True)),
        lambda _: card(evaluated(0.6), decided(True)),
        lambda _: card(evaluated(0.6), decided(True), code=CodeVersion(commit="d" * 40)),
        pages=3,
    ),
    "trial": Case(lambda _: trial("é"), lambda _: trial("é"), lambda _: trial("e"), pages=1),
    "scores": Case(lambda _: scored("v1"), lambda _: scored("v1"), lambda _: scored("v2"), 1),
    "baselines": Case(lambda _: baselines(1), lambda _: baselines(1), lambda _: baselines(2)),
    "bundle": Case(
        lambda folder: tiny_bundle(folder / "one", "v1"),
        lambda folder: tiny_bundle(folder / "same", "v1"),
        lambda folder: tiny_bundle(folder / "other", "v2"),
    ),
    "predictions": Case(
        lambda _: predictions(0.1, 0.2),
        lambda _: predictions(0.1, 0.2, repeats=3),
        lambda _: predictions(0.1, 0.3),
    ),
    "no predictions": Case(
        lambda _: predictions(), lambda _: predictions(), lambda _: predictions(0.1)
    ),
    "reports": Case(
        lambda _: DriftReports((REPORT, replace(REPORT, name="2024-02"))),
        lambda _: DriftReports((REPORT, replace(REPORT, name="2024-02", html="otherwise"))),
        lambda _: DriftReports((REPORT, replace(REPORT, fingerprint="other"))),
        pages=2,
    ),
    "judgement": Case(
        lambda _: Judgement("watch", ("é",)),
        lambda _: Judgement("watch", ("é",)),
        lambda _: Judgement("watch", ("é", "e")),
        pages=1,
    ),
    "no reports": Case(
        lambda _: DriftReports(()), lambda _: DriftReports(()), lambda _: DriftReports((REPORT,))
    ),
}
each_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES)


def assert_same(loaded: Any, saved: Any) -> None:
    assert type(loaded) is type(saved)
    if isinstance(saved, Baselines):
        one, other = loaded.logistic, saved.logistic
        assert one.intercept == other.intercept and one.click_rate == other.click_rate
        for name in ("slots", "offsets", "coefficients"):
            np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
        rows = Encoded(np.array([[0], [1]], np.int32), np.array([[1.5], [0.5]], np.float32))
        np.testing.assert_array_equal(loaded.boosting.predict(rows), saved.boosting.predict(rows))
    elif hasattr(saved, "manifest"):
        assert loaded.manifest == saved.manifest
    else:
        assert loaded == saved


@each_case
def test_what_is_saved_loads_back(case: Case, store: LocalArtifactStore, tmp_path: Path) -> None:
    data = case.value(tmp_path)
    materializer = materializer_of(data, store)
    materializer.save(data)
    assert_same(materializer.load(type(data)), data)


@each_case
def test_content_decides_the_hash(case: Case, store: LocalArtifactStore, tmp_path: Path) -> None:
    one, same, other = (
        materializer_of(data, store).compute_content_hash(data)
        for data in (case.value(tmp_path), case.equal(tmp_path), case.other(tmp_path))
    )
    assert one is not None
    assert one == same != other


@each_case
def test_pages_are_files_beside_the_data(
    case: Case, store: LocalArtifactStore, tmp_path: Path
) -> None:
    data = case.value(tmp_path)
    materializer = materializer_of(data, store)
    materializer.save(data)
    pages = materializer.save_visualizations(data)
    assert len(pages) == case.pages
    for uri, kind in pages.items():
        assert Path(uri).is_relative_to(materializer.uri)
        begins = {"html": "<", "markdown": "# "}[kind.value]
        assert Path(uri).read_text(encoding="utf-8").startswith(begins)
    assert_same(materializer.load(type(data)), data)


def test_a_log_travels_as_a_handle(
    sample_log: AdLog, sample_split: Split, store: LocalArtifactStore
) -> None:
    materializer = materializer_of(sample_log, store)
    materializer.save(sample_log)
    loaded = materializer.load(AdLog)
    assert loaded == sample_log
    rows = sample_split.calibration
    assert loaded.table(rows).equals(sample_log.table(rows))
    assert materializer.extract_metadata(sample_log)["months"] == list(sample_log.month_names)
    assert sum(file.stat().st_size for file in Path(materializer.uri).iterdir()) < 20_000
    less = sample_log.model_copy(update={"months": sample_log.months[1:]})
    hashes = {materializer.compute_content_hash(log) for log in (sample_log, loaded, less)}
    assert len(hashes) == 2


def test_a_model_travels_with_its_weights_and_its_curve(
    trained: ClickModel, store: LocalArtifactStore
) -> None:
    data = Trained(trained, (0.7, 0.6))
    materializer = materializer_of(data, store)
    materializer.save(data)
    loaded = materializer.load(Trained)
    assert loaded.validation_logloss == (0.7, 0.6)
    assert loaded.model.fingerprint == trained.fingerprint
    hashes = [materializer.compute_content_hash(model) for model in (data, loaded)]
    assert hashes == [trained.fingerprint] * 2
    (page,) = materializer.save_visualizations(data)
    assert Path(page).is_file()


def test_another_model_has_another_hash(trained: ClickModel, store: LocalArtifactStore) -> None:
    shifted = trained.calibration.model_copy(update={"intercept": 5.0})
    other = replace(trained, calibration=shifted)
    one = materializer_of(Trained(trained, (0.7,)), store)
    assert one.compute_content_hash(Trained(other, (0.7,))) != trained.fingerprint


def test_a_store_elsewhere_is_read_through_a_copy(
    store: LocalArtifactStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = tiny_bundle(tmp_path / "bundle")
    materializer = materializer_of(data, store)
    materializer.save(data)
    monkeypatch.setattr("materializers.folder.io_utils.is_remote", lambda _: True)
    loaded = materializer.load(type(data))
    assert loaded.manifest == data.manifest
    assert not loaded.path.is_relative_to(store.path)
