"""The serving benchmark's own parts: its load, the servers that it runs, its peers' model."""

from __future__ import annotations

import asyncio
import json
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
import pytest

from adclick.prediction_log import PredictionLogWriter
from benchmarks.serving.answers import Answers, Asked, write_bodies
from benchmarks.serving.changes import WITHOUT, changes_figures
from benchmarks.serving.contenders import Contender, mlserver, ours
from benchmarks.serving.contest import Turn, many_figures, single_figures
from benchmarks.serving.open_load import HalfPeak, half_peak_figures
from benchmarks.serving.peers.model import Model, candidate_type
from benchmarks.serving.servers import running
from benchmarks.serving.soak import Soak, logged, soak_figures
from benchmarks.serving.start import Start, start_figures
from benchmarks.serving.world import World
from tests.bundles import GOLDEN, example, tiny_bundle
from tests.records import by_column
from tests.servers import free_port, gone, tree, wait_until

Reply = Callable[[int, bytes], tuple[int, float]]


@contextmanager
def answering(reply: Reply) -> Iterator[tuple[int, list[bytes]]]:
    """A server and the bodies that it got; `reply` says status and delay, 0 hangs up."""
    port, bodies = free_port(), list[bytes]()
    loop = asyncio.new_event_loop()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
                bodies.append(await reader.readexactly(length))
                status, seconds = reply(len(bodies) - 1, bodies[-1])
                await asyncio.sleep(seconds)
                if not status:
                    break
                writer.write(f"HTTP/1.1 {status} so\r\nContent-Length: 2\r\n\r\nok".encode())
        except asyncio.IncompleteReadError:
            pass
        writer.close()

    loop.run_until_complete(asyncio.start_server(serve, "127.0.0.1", port))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield port, bodies
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()


def _asked(port: int, folder: Path) -> Asked:
    bodies = [b'{"meta": {"puid": "@id@"}}', b'{"other": "@id@"}']
    return Asked(port, "/predict", write_bodies(folder / "bodies", bodies))


def test_every_request_of_a_load_is_told_with_its_status(tmp_path: Path) -> None:
    statuses = {3: 500, 7: 0}
    with answering(lambda number, _: (statuses.get(number, 200), 0.001)) as (port, bodies):
        answers = _asked(port, tmp_path).ask(seconds=0.5, clients=4)
    assert len(answers) == len(bodies) > 20
    assert sorted(answers.statuses)[:2] == [0, 200]
    assert answers.failed == 2
    assert sorted(bodies) == sorted(
        b'{"%s"load-%d"%s}'
        % ((b'meta": {"puid": ', n, b"}") if n % 2 == 0 else (b'other": ', n, b""))
        for n in range(len(bodies))
    )
    assert answers.seconds.min() > 0.001
    assert answers.seconds.max() < 0.5


def test_a_server_that_stalls_pays_for_all_that_it_kept_waiting(tmp_path: Path) -> None:
    def reply(number: int, _: bytes) -> tuple[int, float]:
        return 200, 0.4 if number == 20 else 0.0

    with answering(reply) as (port, _):
        answers = _asked(port, tmp_path).ask(seconds=1.2, clients=1, rate=100)
    assert 80 < len(answers) < 160
    assert answers.failed == 0
    assert np.count_nonzero(answers.seconds > 0.2) > 10


def test_a_load_that_is_told_to_end_answers_what_it_asked(tmp_path: Path) -> None:
    with (
        answering(lambda *_: (200, 0.001)) as (port, bodies),
        _asked(port, tmp_path).asking(seconds=60.0, clients=4) as load,
    ):
        wait_until(lambda: len(bodies) > 20, "it asks")
        load.end()
        answers = load.answers()
    assert len(answers) == len(bodies)
    assert answers.failed == 0


def test_a_load_without_a_server_fails_and_goes_on(tmp_path: Path) -> None:
    answers = _asked(free_port(), tmp_path).ask(seconds=0.2, clients=2)
    assert 2 < len(answers) == answers.failed < 30


def _world(folder: Path) -> World:
    tiny_bundle(folder / "bundle")
    (folder / "rows.json").write_text(json.dumps([example()] * 4), encoding="utf-8")
    return World(folder)


def test_a_server_is_checked_weighed_and_stopped(tmp_path: Path) -> None:
    world = _world(tmp_path)
    contender = ours(world, tmp_path, workers=1)
    contender = replace(contender, command=[sys.executable, *contender.command[1:]])
    with running(contender, tmp_path) as server:
        processes = tree(server.process.pid)
        before = server.cpu()
        server.check(world)
        assert 0 < before <= server.cpu() < 60
        assert 20e6 < server.memory() < 1e9
        assert 0 < server.ready < 60
        wrong = replace(contender, scores=lambda answer: [2.0])
        with pytest.raises(RuntimeError, match="ours scores 2"):
            replace(server, contender=wrong).check(world)
    assert gone(processes)


def test_a_server_that_does_not_start_is_told_with_its_last_words(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "raise SystemExit('no bundle')"]
    broken = Contender("broken", free_port(), command, "/", "/", list, list)
    with (
        pytest.raises(RuntimeError, match="broken is not ready: no bundle"),
        running(broken, tmp_path),
    ):
        pass
    left = [child.cmdline() for child in psutil.Process().children()]
    assert command not in left


def test_peers_score_as_the_bundle_does(tmp_path: Path) -> None:
    bundle = _world(tmp_path).bundle
    model, candidate = Model(bundle), candidate_type(bundle.schema)
    rows = [golden.features for golden in bundle.golden[:2]]
    scores = model.score([candidate.model_validate(row) for row in rows])
    assert scores == pytest.approx([golden.score for golden in bundle.golden[:2]], abs=1e-6)
    for wrong in (example(age=-1), example(age="33"), example(colour="red"), example(device="tv")):
        with pytest.raises(ValueError, match="1 validation error"):
            candidate.model_validate(wrong)


def test_a_peer_of_the_open_protocol_is_asked_by_columns(tmp_path: Path) -> None:
    contender = mlserver(_world(tmp_path), tmp_path, workers=1)
    columns = {one["name"]: one for one in contender.body(GOLDEN[:2])["inputs"]}
    assert columns["site"]["data"] == ["news", "blog"]
    assert columns["price"] == {
        "name": "price",
        "shape": [2, 1],
        "datatype": "FP64",
        "data": [2.5] * 2,
    }


def _turn(cpu: float, failed: int = 0) -> Turn:
    return Turn(cpu, p50=1.0, p99=3.0, per_second=500.0, failed=failed)


def test_ours_is_held_against_each_other_within_a_round() -> None:
    names = ("Seldon, stock", "MLServer", "BentoML", "FastAPI")
    rounds = [
        {"ours": _turn(slow * 300e-6, failed=1)}
        | dict(zip(names, (_turn(slow * us * 1e-6) for us in (1200, 600, 290, 250)), strict=True))
        for slow in (1, 3, 2)
    ]
    found = {figure.name: figure for figure in single_figures(rounds)}
    verdicts = {name: found[f"single row: ours to {name}"].holds for name in names}
    assert verdicts == {"Seldon, stock": True, "MLServer": True, "BentoML": False, "FastAPI": True}
    assert found["single row: ours to Seldon, stock"].value == pytest.approx(0.25)
    assert found["single row, ours: processor time"].value == pytest.approx(600)
    assert found["single row, ours: errors"].holds is False
    many = {figure.name: figure for figure in many_figures(rounds, rows=9)}
    per_core = many["9 rows, ours: a second and core"]
    assert (per_core.value, per_core.holds) == (pytest.approx(15_000), False)


def test_answers_are_counted_timed_and_held() -> None:
    seconds = np.linspace(0.001, 0.1, 100)
    answers = Answers(np.arange(100) / 100, seconds, np.array([200] * 99 + [503]))
    assert answers.failed == 1
    assert answers.slowest == pytest.approx(100)
    assert answers.milliseconds(50) == pytest.approx(50.5)
    assert answers.per_second == pytest.approx(100 / 1.09)
    found = {one.name: one for one in half_peak_figures([HalfPeak(80.0, answers)], 128)}
    assert found["128 rows at half peak: p99"].holds is False
    assert found["128 rows at half peak: errors"].holds is False


def _answers(milliseconds: float, statuses: list[int]) -> Answers:
    count = len(statuses)
    return Answers(np.arange(count) / 1, np.full(count, milliseconds / 1e3), np.array(statuses))


def test_the_worst_round_of_a_change_is_told_beside_the_load_without() -> None:
    rounds = [
        {WITHOUT: _answers(30, [200]), "roll-out": _answers(100, [200, 503])},
        {WITHOUT: _answers(40, [200]), "roll-out": _answers(260, [200, 200])},
    ]
    failed, slowest = changes_figures(rounds)
    assert (failed.value, failed.holds) == (1, False)
    assert (slowest.value, slowest.holds) == (pytest.approx(260), False)
    assert slowest.compared_with == "without: 40 ms; 8 clients, 4 requests"


def test_a_soak_finds_what_its_log_lacks_and_has_twice(tmp_path: Path) -> None:
    writer = PredictionLogWriter(tmp_path)
    for number in ("soak-0", "soak-2", "soak-2", "load-1", "golden-3"):
        writer.append(number, "v1", by_column([example()] * 2), [0.5, 0.5])
    writer.close()
    answers = _answers(1, [200, 503, 200, 200])
    assert logged(tmp_path, answers, rows=2) == (2, 2)
    soak = Soak(2, answers, tuple(n * 1_000_000 for n in (9, 20, 21, 22, 23, 25, 24, 26)), 2, 2)
    assert soak.grown == pytest.approx(3.5)
    held = {figure.name: figure.holds for figure in soak_figures(soak)}
    assert held == {
        "soak: errors": False,
        "soak: p99": None,
        "soak: memory grown": True,
        "soak: not in the log": False,
        "soak: more than once in the log": False,
    }


def test_another_version_costs_what_two_take_more_than_one() -> None:
    rounds = [Start(1.5, 100_000_000, 180_000_000), Start(6.0, 100_000_000, 190_000_000)]
    ready, memory = start_figures(rounds)
    assert (ready.value, ready.holds) == (3.75, True)
    assert (memory.value, memory.holds) == (85, True)
