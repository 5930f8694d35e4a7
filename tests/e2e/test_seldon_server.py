"""A server over Seldon's REST protocol: answers, refusals, metrics; ours and the stock one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, get_args

import pytest
import requests

from adclick.errors import AdclickError
from adclick.prediction_log import read_predictions
from serving.client import PREDICTIONS, PredictionClient
from serving.http import MAX_BODY_BYTES
from serving.metrics import PROBABILITIES
from serving.options import ServerKind
from tests.bundles import example, expected
from tests.hosts import JSON, Server, metric, running
from tests.servers import free_port, wait_until


@pytest.fixture(scope="module", params=get_args(ServerKind))
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Our server and Seldon's stock one: what is tested with this holds for both."""
    with running(tmp_path_factory.mktemp("shared"), server=request.param) as started:
        yield started


@pytest.fixture(params=get_args(ServerKind))
def own_server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    with running(tmp_path, server=request.param) as started:
        yield started


def test_answers_as_the_bundle_scores(server: Server) -> None:
    rows = [example(age=age) for age in range(5)]
    wanted = expected(server.bundle, rows)
    names = list(reversed(rows[0]))
    table = {"names": names, "ndarray": [[row[name] for name in names] for row in rows]}
    by_table = server.post({"data": table}).json()
    assert by_table["data"]["ndarray"] == [[score] for score in wanted]
    with PredictionClient(server.url) as client:
        prediction = client.predict(rows, "mine")
    assert prediction.scores == tuple(wanted)
    assert (prediction.version, prediction.request_id) == ("v1", "mine")


def test_health(server: Server) -> None:
    assert requests.get(server.url + "/health/ping", timeout=10).text == "pong"
    status = requests.get(server.url + "/health/status", timeout=10)
    assert status.status_code == 200
    assert (
        "v1" in status.json()["data"]["ndarray"][0]
        if "data" in status.json()
        else "v1" in str(status.json())
    )


def body_with(**changes: Any) -> bytes:
    return json.dumps({"jsonData": example(**changes)}).encode()


REFUSED: list[tuple[str, bytes, dict[str, Any], int, str]] = [
    ("broken JSON", b'{"jsonData": ', {}, 400, "JSON"),
    ("empty body", b"", {}, 400, "JSON"),
    ("not UTF-8", b'{"jsonData": "\xff"}', {}, 400, "JSON"),
    ("nested too deep", b"[" * 100_000, {}, 400, "JSON"),
    ("endless number", b"1" * 5_000, {}, 400, "JSON"),
    ("broken ?json=", b"{}", {"params": {"json": "{"}}, 400, "JSON"),
    ("NaN", body_with(age=float("nan")), {}, 400, "'age' is not finite"),
    ("NaN in ?json=", b"{}", {"params": {"json": body_with(age=float("nan"))}}, 400, "'age'"),
    ("null", body_with(age=None), {}, 400, "'age' is missing"),
    ("text for a number", body_with(age="33"), {}, 400, "'age' is no number"),
    ("unknown column", body_with(colour="red"), {}, 400, "'colour'"),
    ("empty batch", b'{"jsonData": []}', {}, 400, "1 to 1000"),
    ("no data", b"{}", {}, 400, "data"),
    ("plain text", body_with(), {"headers": {"Content-Type": "text/plain"}}, 415, "json"),
    ("no content type", body_with(), {"headers": {}}, 415, "json"),
    (
        "multipart",
        b'--b\r\nContent-Disposition: form-data; name="data"\r\n\r\n{\r\n--b--\r\n',
        {"headers": {"Content-Type": "multipart/form-data; boundary=b"}},
        415,
        "json",
    ),
    ("too large", b" " * (MAX_BODY_BYTES + 1), {}, 413, "large"),
]


@pytest.mark.parametrize(
    ("body", "settings", "code", "named"),
    [case[1:] for case in REFUSED],
    ids=[case[0] for case in REFUSED],
)
def test_refuses_with_a_4xx_that_names_the_place(
    server: Server, body: bytes, settings: dict[str, Any], code: int, named: str
) -> None:
    answer = server.post(body, **settings)
    assert answer.status_code == code, answer.text
    status = answer.json()["status"]
    assert named in status["info"]
    assert status["reason"] == "MICROSERVICE_BAD_DATA"


def test_refuses_a_chunked_body_that_is_too_large(server: Server) -> None:
    chunks = (b" " * 2**20 for _ in range(9))
    answer = requests.post(server.url + PREDICTIONS, data=chunks, headers=JSON, timeout=10)
    assert answer.status_code == 413


@pytest.mark.parametrize("path", ["/transform-input", "/aggregate", "/route"])
def test_serves_no_other_endpoint(server: Server, path: str) -> None:
    assert requests.post(server.url + path, json={}, timeout=10).status_code == 404


def test_logs_nothing_of_a_payload(server: Server) -> None:
    for changes in ({"secretcolumn": 1}, {"site": ["secretvalue"]}, {"device": "secretdevice"}):
        assert server.post({"jsonData": example(**changes)}).status_code == 400
    assert "secret" not in server.output.read_text()


def test_client_says_what_the_server_said(server: Server) -> None:
    with PredictionClient(server.url) as client:
        with pytest.raises(AdclickError, match="answered 400: row 0: column 'age' is above 120"):
            client.predict([example(age=121)])
        with pytest.raises(AdclickError, match="rows are no JSON"):
            client.predict([example(age=float("nan"))])
    nobody = f"http://127.0.0.1:{free_port()}"
    with PredictionClient(nobody) as client, pytest.raises(AdclickError, match="does not answer"):
        client.predict([example()])


def test_metrics_are_right_across_workers(own_server: Server) -> None:
    counts = {"ok": 0, "bad": 0}

    def ask(number: int) -> None:
        good = number % 4 > 0
        creative = "new" if number % 2 else "ad-1"
        rows = [example(creative=creative), example(age=50 if good else 500)]
        answer = own_server.post({"jsonData": rows})
        assert answer.status_code == (200 if good else 400)

    def both_workers_counted() -> bool:
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(ask, range(40)))
        counts["ok"] += 30
        counts["bad"] += 10
        files = (own_server.options.state / "metrics").glob("counter_*.db")
        return sum(b"adclick_requests_total" in file.read_bytes() for file in files) == 2

    wait_until(both_workers_counted, "both workers answered")
    version = 'model_version="v1"'
    for _ in range(4):
        total = "adclick_requests_total{code="
        assert metric(own_server, f'{total}"200",{version}}}') == counts["ok"]
        assert metric(own_server, f'{total}"400",{version}}}') == counts["bad"]
        requests_seen = metric(own_server, f"adclick_request_seconds_count{{{version}}}")
        assert requests_seen == counts["ok"] + counts["bad"]
        assert metric(own_server, f"adclick_candidates_total{{{version}}}") == 2 * counts["ok"]
        assert metric(own_server, f"adclick_score_count{{{version}}}") == 2 * counts["ok"]
        kinds = "adclick_creatives_total{creative="
        unknown = metric(own_server, f'{kinds}"unknown",{version}}}')
        known = metric(own_server, f'{kinds}"known",{version}}}')
        assert (unknown, known) == (counts["ok"] * 2 / 3, counts["ok"] * 4 / 3)
        errors = metric(own_server, f'adclick_errors_total{{cause="bad_request",{version}}}')
        assert errors == counts["bad"]
        assert metric(own_server, f"adclick_workers{{{version}}}") == 2
        for bound in PROBABILITIES:
            below = metric(own_server, f'adclick_score_bucket{{le="{bound}",{version}}}')
            scores = {
                creative: expected(own_server.bundle, [example(creative=creative), example(age=50)])
                for creative in ("new", "ad-1")
            }
            share = sum(
                (2 if creative == "new" else 1) * (score <= bound)
                for creative, pair in scores.items()
                for score in pair
            )
            assert below == share * counts["ok"] / 3


def test_every_answer_is_in_the_log_once(server: Server) -> None:
    with ThreadPoolExecutor(8) as pool:
        codes = list(
            pool.map(
                lambda number: (
                    server.post(
                        {
                            "jsonData": [example(age=50 if number % 3 else 500)] * 2,
                            "meta": {"puid": f"id-{number}"},
                        }
                    ).status_code
                ),
                range(60),
            )
        )
    answered = [f"id-{number}" for number, code in enumerate(codes) if code == 200]
    assert len(answered) == 40

    def logged() -> list[str]:
        log = read_predictions(server.options.prediction_log, server.bundle.schema, "v1")
        assert log.repeats == 0
        return [name for name in log.table["_request"].to_pylist() if name.startswith("id-")]

    wait_until(lambda: sorted(logged()) == sorted(answered * 2), "each answer is in the log")
