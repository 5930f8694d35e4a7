"""CloudEvents as Seldon's request logger sends them, over HTTP into the logs."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from adclick.errors import RequestError
from adclick.feedback import feedback_root
from adclick.prediction_log import CANDIDATE, REQUEST, SCORE, PredictionLogWriter, read_predictions
from adclick.prediction_log.names import CLICKED
from adclick.records.reading import read_records
from serving import event_pairs
from serving.cloud_events import FEEDBACK, RESPONSE
from serving.cloud_events import REQUEST as ASKED
from serving.event_pairs import AnsweredScores, EventPairs, answered_scores, asked_candidates
from tests.bundles import example, tiny_schema
from tests.hosts import REPOSITORY
from tests.servers import free_port, wait_until

TAGS = {"model_version": "v1"}
NAMES = list(example())


@dataclass(frozen=True)
class Receiver:
    url: str
    log: Path
    process: subprocess.Popen[bytes]

    def send(
        self, kind: str, body: object, number: str = "r1", **headers: str
    ) -> requests.Response:
        attributes = {
            "ce-specversion": "1.0",
            "ce-id": "c6d2",
            "ce-source": "http://localhost:8000/",
            "ce-type": kind,
            "ce-requestid": number,
            "ce-modelid": "adclick",
            "ce-inferenceservicename": "clicks",
            "ce-namespace": "serving",
            "ce-endpoint": "default",
            "content-type": "application/json",
        }
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return requests.post(self.url, data=data, headers=attributes | headers, timeout=10)

    def rows(self) -> dict[tuple[str, int], Any]:
        table = read_predictions(self.log, tiny_schema(), "v1").table
        return {(row[REQUEST], row[CANDIDATE]): row for row in table.to_pylist()}


@pytest.fixture(scope="module")
def receiver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Receiver]:
    folder, port = tmp_path_factory.mktemp("events"), free_port()
    words = ["-m", "serving.cloud_events", "--log", str(folder / "log"), "--port", str(port)]
    with subprocess.Popen([sys.executable, *words], cwd=REPOSITORY) as process:
        receiver = Receiver(f"http://127.0.0.1:{port}", folder / "log", process)
        try:
            wait_until(lambda: _answers(receiver), "the receiver answers")
            yield receiver
        finally:
            process.kill()


def _answers(receiver: Receiver) -> bool:
    try:
        return requests.get(receiver.url + "/health/ping", timeout=10).text == "pong"
    except requests.ConnectionError:
        return False


def answer(*scores: float, puid: str | None = None) -> dict[str, Any]:
    meta = {"tags": TAGS} if puid is None else {"tags": TAGS, "puid": puid}
    return {"jsonData": {"click_probability": list(scores)}, "meta": meta}


def test_requests_and_answers_are_paired_in_either_order(receiver: Receiver) -> None:
    rows = [example(age=20), example(image="x" * 2000)]
    events = [(ASKED, {"jsonData": rows}), (RESPONSE, answer(0.25, 0.5, puid="client"))]
    table = {"names": NAMES, "ndarray": [list(example(age=30).values())]}
    scores = {
        "data": {"names": ["click_probability"], "ndarray": [[0.125]]},
        "meta": {"tags": TAGS},
    }
    for number, sent in (("a", events), ("b", [(RESPONSE, scores), (ASKED, {"data": table})])):
        for kind, body in sent:
            assert receiver.send(kind, body, number).status_code == 202
    # a shadow is asked the same, and answers later
    receiver.send(ASKED, {"jsonData": rows[:1]}, "c", **{"ce-endpoint": "shadow"})
    receiver.send(RESPONSE, answer(0.75), "c")

    def logged() -> bool:
        return set(receiver.rows()) == {("client", 0), ("client", 1), ("b", 0)}

    wait_until(logged, "the pairs are logged")
    found = receiver.rows()
    assert [found[key][SCORE] for key in sorted(found)] == [0.125, 0.25, 0.5]
    assert (found["client", 0]["age"], found["b", 0]["age"]) == (20.0, 30.0)


def test_feedback_lands_in_the_feedback_log(receiver: Receiver) -> None:
    body = {"response": {"meta": {"puid": "client"}}, "reward": 0}
    assert receiver.send(FEEDBACK, body).status_code == 202
    root = feedback_root(receiver.log)

    def logged() -> bool:
        tables = read_records(root, [REQUEST, CLICKED])
        return [row for t in tables for row in t.to_pylist()] == [
            {REQUEST: "client", CLICKED: False}
        ]

    wait_until(logged, "it is logged")


@pytest.mark.parametrize(
    ("kind", "body", "headers", "words"),
    [
        ("io.seldon.other", {}, {}, "ce-type is none of"),
        (ASKED, {"jsonData": example()}, {"ce-requestid": ""}, "ce-requestid is no id"),
        (ASKED, b"{", {}, "no JSON"),
        (ASKED, {"strData": "x"}, {}, "needs either data"),
        (RESPONSE, [], {}, "click probabilities"),
        (RESPONSE, {"status": {"code": -1}, "meta": {}}, {}, "click probabilities"),
        (RESPONSE, answer("high"), {}, "no number"),  # type: ignore[arg-type]
        (FEEDBACK, {"reward": 1}, {}, "response.meta.puid is no id"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_is_no_such_event_is_refused(
    receiver: Receiver, kind: str, body: object, headers: dict[str, str], words: str
) -> None:
    refused = receiver.send(kind, body, **headers)
    assert refused.status_code == 400
    assert words in refused.json()["status"]["info"]
    assert requests.get(receiver.url, timeout=10).status_code == 405
    assert 'outcome="refused"' in requests.get(receiver.url + "/metrics", timeout=10).text


def test_at_its_end_it_writes_what_it_took(receiver: Receiver) -> None:
    receiver.send(ASKED, {"jsonData": example()}, "last")
    receiver.send(RESPONSE, answer(0.5), "last")
    receiver.process.send_signal(signal.SIGTERM)
    receiver.process.wait(20)
    assert list(receiver.log.glob("day=*/*.parquet"))
    assert not list((receiver.log / "write-ahead").iterdir())
    assert ("last", 0) in receiver.rows()


def test_halves_that_wait_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_pairs, "MOST_WAITING", 5)
    given_up: list[str] = []
    log = PredictionLogWriter(tmp_path)
    pairs = EventPairs(log, given_up.append)
    for number in range(4):
        for _ in range(2):
            pairs.request((str(number),), asked_candidates({"jsonData": [example(), example()]}))
    for number in (3, 2, 1):
        pairs.answer((str(number),), AnsweredScores(None, "v1", [0.1, 0.2]))
    with pytest.raises(RequestError, match="1 click probabilities for 2 candidates"):
        pairs.answer(("x",), answered_scores(answer(0.1)))
        pairs.request(("x",), asked_candidates({"jsonData": [example(), example()]}))
    log.close()
    assert given_up == ["request", "request"]
    table = read_predictions(tmp_path, tiny_schema(), "v1").table
    assert sorted(set(table[REQUEST].to_pylist())) == ["2", "3"]
