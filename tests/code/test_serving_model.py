"""The model class, without a server: what it answers, refuses and logs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prometheus_client import REGISTRY

from adclick.bundle.bundle import ServingBundle
from adclick.bundle.scorer import Scorer
from adclick.errors import AdclickError
from adclick.prediction_log import read_predictions
from serving.click_model import ClickModel
from serving.errors import ServerError
from serving.metrics import ServerMetrics, exposition
from tests.bundles import Wrong, bad_values, candidates, example, expected, scores_of, tiny_bundle

FEATURES = ["shown_at", "creative", "site", "device", "age", "price", "score"]


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> ServingBundle:
    return tiny_bundle(tmp_path_factory.mktemp("bundle"))


@pytest.fixture
def model(bundle: ServingBundle, tmp_path: Path) -> ClickModel:
    loaded = ClickModel(str(bundle.path), str(tmp_path / "log"))
    loaded.load()
    return loaded


@pytest.fixture(scope="module")
def shared_model(bundle: ServingBundle, tmp_path_factory: pytest.TempPathFactory) -> ClickModel:
    loaded = ClickModel(str(bundle.path), str(tmp_path_factory.mktemp("log")))
    loaded.load()
    return loaded


@pytest.fixture(scope="module")
def scorer(bundle: ServingBundle) -> Scorer:
    return Scorer(bundle)


def table(rows: list[dict[str, Any]], names: list[str]) -> dict[str, Any]:
    return {"names": names, "ndarray": [[row.get(name) for name in names] for row in rows]}


@given(rows=st.lists(candidates(), min_size=1, max_size=5), names=st.permutations(FEATURES))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_both_kinds_of_request_in_any_order_score_as_the_bundle(
    scorer: Scorer,
    shared_model: ClickModel,
    rows: list[dict[str, Any]],
    names: list[str],
) -> None:
    wanted = scores_of(scorer, rows)
    ordered = [{name: row[name] for name in names if name in row} for row in rows]
    by_table = shared_model.predict_raw({"data": table(rows, names)})
    by_name = shared_model.predict_raw({"jsonData": ordered})
    assert by_table["data"] == {
        "names": ["click_probability"],
        "ndarray": [[score] for score in wanted],
    }
    assert by_name["jsonData"] == {"click_probability": wanted}


def test_one_object_is_one_candidate(bundle: ServingBundle, model: ClickModel) -> None:
    answer = model.predict_raw({"jsonData": example()})
    assert answer["jsonData"]["click_probability"] == expected(bundle, [example()])


def test_thousand_candidates_and_no_more(model: ClickModel) -> None:
    answer = model.predict_raw({"jsonData": [example()] * 1000})
    assert len(answer["jsonData"]["click_probability"]) == 1000
    with pytest.raises(ServerError) as refused:
        model.predict_raw({"jsonData": [example()] * 1001})
    assert "1001" in str(refused.value)


def test_meta_holds_id_version_unknown_creatives_and_path(
    model: ClickModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREDICTIVE_UNIT_ID", "click-model")
    monkeypatch.setenv("PREDICTIVE_UNIT_IMAGE", "adclick:1")
    rows = [example(), example(creative="new"), example(creative=None)]
    answer = model.predict_raw(
        {"jsonData": rows, "meta": {"puid": "abc-1", "requestPath": {"router": "r:1"}}}
    )
    assert answer["meta"] == {
        "puid": "abc-1",
        "tags": {"model_version": "v1", "unknown_creatives": 2},
        "requestPath": {"click-model": "adclick:1", "router": "r:1"},
    }


def test_unknown_creatives_are_counted_where_a_creative_is_only_an_id(tmp_path: Path) -> None:
    tiny_bundle(tmp_path / "bundle", images=False)
    model = ClickModel(str(tmp_path / "bundle"), str(tmp_path / "log"))
    model.load()
    answer = model.predict_raw({"jsonData": [example(), example(creative="new")]})
    assert answer["meta"]["tags"]["unknown_creatives"] == 1


def test_ids_are_made_where_none_is_sent(model: ClickModel) -> None:
    ids = {model.predict_raw({"jsonData": example()})["meta"]["puid"] for _ in range(3)}
    assert len(ids) == 3 and all(ids)


@pytest.mark.parametrize(("column", "value"), bad_values(), ids=repr)
@pytest.mark.parametrize("tabular", [True, False], ids=["ndarray", "jsonData"])
def test_a_bad_value_is_refused_by_row_and_column(
    model: ClickModel, column: str, value: object, tabular: bool
) -> None:
    rows = [example(), example(**{column: value})]
    names = [*FEATURES, column] if column not in FEATURES else FEATURES
    if tabular and column not in FEATURES:
        rows[0][column] = value
    message = {"data": table(rows, names)} if tabular else {"jsonData": rows}
    with pytest.raises(ServerError) as refused:
        model.predict_raw(message)
    assert refused.value.code == 400
    assert column in str(refused.value)
    assert "row" in str(refused.value)


MESSAGES: list[tuple[Any, str]] = [
    (None, "object"),
    ([], "object"),
    ("text", "object"),
    ({}, "data"),
    ({"strData": "x"}, "data"),
    ({"data": {}, "jsonData": {}}, "either"),
    ({"data": None}, "names"),
    ({"data": {"ndarray": [[1]]}}, "names"),
    ({"data": {"names": [1], "ndarray": [[1]]}}, "names"),
    ({"data": {"names": ["age", "age"], "ndarray": [[1, 2]]}}, "twice"),
    ({"data": {"names": ["age"], "tensor": {"shape": [1, 1], "values": [1]}}}, "ndarray"),
    ({"data": {"names": ["age"], "ndarray": []}}, "1 to 1000"),
    ({"data": {"names": ["age", "site"], "ndarray": [[1, "a"], [2]]}}, "row 1"),
    ({"data": {"names": ["age"], "ndarray": [[1], 2]}}, "row 1"),
    ({"jsonData": []}, "1 to 1000"),
    ({"jsonData": None}, "row 0"),
    ({"jsonData": [example(), 3]}, "row 1"),
    ({"jsonData": example(), "meta": 3}, "meta"),
    ({"jsonData": example(), "meta": {"puid": 3}}, "puid"),
    ({"jsonData": example(), "meta": {"puid": "\ud800"}}, "puid"),
    ({"jsonData": example(), "meta": {"puid": "x" * 129}}, "puid"),
]


@pytest.mark.parametrize(("message", "named"), MESSAGES, ids=[repr(m)[:60] for m, _ in MESSAGES])
def test_a_bad_message_is_refused(model: ClickModel, message: object, named: str) -> None:
    with pytest.raises(ServerError) as refused:
        model.predict_raw(message)
    assert refused.value.code == 400
    assert named in str(refused.value)


@given(
    message=st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["data", "jsonData", "names", "ndarray", "meta", *FEATURES]),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    )
)
@settings(max_examples=200, deadline=None)
def test_no_message_ends_in_anything_but_an_answer_or_a_refusal(
    shared_model: ClickModel, message: object
) -> None:
    try:
        shared_model.predict_raw(message)
    except ServerError as refused:
        assert refused.code == 400


def test_the_log_holds_each_answered_candidate_once_and_none_refused(
    bundle: ServingBundle, model: ClickModel, tmp_path: Path
) -> None:
    rows = [example(site=1005, age=2**60 % 100), example(score=2**60 + 1), example(device=None)]
    answer = model.predict_raw({"jsonData": rows, "meta": {"puid": "one"}})
    for column, value in bad_values():
        with pytest.raises(ServerError):
            model.predict_raw({"jsonData": [example(), example(**{column: value})]})
    model.close()
    logged = read_predictions(tmp_path / "log", bundle.schema, "v1")
    assert logged.repeats == 0
    assert logged.table.column("_request").to_pylist() == ["one"] * 3
    assert logged.table.column("_candidate").to_pylist() == [0, 1, 2]
    assert logged.table.column("_score").to_pylist() == answer["jsonData"]["click_probability"]
    assert logged.table.column("shown_at").to_pylist() == ["2024-05-03T17:20:00"] * 3
    assert logged.table.column("site").to_pylist() == ["1005", "news", "news"]
    assert logged.table.column("device").to_pylist() == ["desktop", "desktop", None]
    assert logged.table.column("score").to_pylist() == [-0.25, float(2**60), -0.25]


def test_candidates_that_the_log_lost_are_answered_and_counted(model: ClickModel) -> None:
    def lost() -> float:
        name, labels = "adclick_log_dropped_total", {"model_version": "v1", "log": "predictions"}
        return REGISTRY.get_sample_value(name, labels) or 0.0

    before = lost()
    model.predict_raw({"jsonData": example()})
    assert lost() == before
    model.close()
    for _ in range(2):
        answer = model.predict_raw({"jsonData": [example()] * 3})
        assert len(answer["jsonData"]["click_probability"]) == 3
    assert lost() == before + 6


def test_a_score_that_is_no_number_is_refused(
    model: ClickModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Scorer, "score", lambda *_: np.array([0.5, np.nan]))
    with pytest.raises(ServerError) as refused:
        model.predict_raw({"jsonData": [example()] * 2})
    assert "row 1" in str(refused.value)


def test_not_healthy_before_load(bundle: ServingBundle, tmp_path: Path) -> None:
    model = ClickModel(str(bundle.path), str(tmp_path))
    for ask in (model.health_status, lambda: model.predict_raw({"jsonData": example()})):
        with pytest.raises(ServerError) as refused:
            ask()
        assert refused.value.code == 503


def test_a_bundle_that_answers_wrongly_is_not_loaded(tmp_path: Path) -> None:
    tiny_bundle(tmp_path / "bundle", wrong=Wrong(golden=0, by=0.01))
    model = ClickModel(str(tmp_path / "bundle"), str(tmp_path / "log"))
    with pytest.raises(AdclickError, match="golden request 0"):
        model.load()


def test_an_attribute_error_in_load_is_not_left_to_seldon_to_swallow(
    model: ClickModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: object) -> None:
        raise AttributeError("no such thing")

    monkeypatch.setattr("adclick.bundle.scorer.Scorer", broken)
    with pytest.raises(AdclickError, match="no such thing"):
        model.load()


def test_what_a_log_lost_is_counted_once() -> None:
    metrics = ServerMetrics("lossy")
    for rows in (0, 3, 3, 5):
        metrics.count_lost("feedback", rows)
    sample = 'adclick_log_dropped_total{log="feedback",model_version="lossy"} 5.0'
    assert sample in exposition()[0].decode()
