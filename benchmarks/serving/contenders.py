"""The servers that are compared: how each is started, found ready and asked."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.processes import REPOSITORY
from benchmarks.serving.peers import BUNDLE, WORKERS
from benchmarks.serving.world import World
from serving.options import ADDRESS, HostOptions
from serving.process_table import free_port

Rows = Sequence[Mapping[str, Any]]
# as in the serving image: an environment without TensorFlow
SERVING = REPOSITORY / ".venv-serving" / "bin"
PEERS = REPOSITORY / ".venv-bench-serving" / "bin"
LIBRARY = "benchmarks.serving.peers"
V1 = "/api/v1.0/predictions"
THREADS = 4  # of each of the stock wrapper's workers


@dataclass(frozen=True)
class Contender:
    """A server on `port`, told by `command`; `body` says the request for rows in its protocol.

    `scores` finds the scores in its answer.
    """

    name: str
    port: int
    command: Sequence[str]
    ready: str
    path: str
    body: Callable[[Rows], Any]
    scores: Callable[[Any], list[float]]
    environment: Mapping[str, str] = field(default_factory=dict)


def contenders(world: World, folder: Path, workers: int) -> list[Contender]:
    """All of them, with so many workers each; what they write goes below `folder`."""
    make = (ours, stock, mlserver, bentoml, fastapi)
    return [one(world, folder, workers) for one in make]


def ours(world: World, folder: Path, workers: int, new_images: str | None = None) -> Contender:
    """The server of this repository."""
    port = free_port()
    options = HostOptions(
        bundle=world.bundle.path,
        port=port,
        prediction_log=str(folder / f"predictions-{port}"),
        state=folder / f"state-{port}",
        workers=workers,
        **({} if new_images is None else {"new_images": new_images}),
    )
    command = [str(SERVING / "python"), *options.command()[1:]]
    return Contender("ours", port, command, "/health/status", V1, _v1_body, _v1_scores)


def stock(world: World, folder: Path, workers: int) -> Contender:
    """The same model class under the wrapper as seldon-core ships it."""
    port = free_port()
    told = {"bundle": world.bundle.path, "prediction_log": folder / "stock-predictions"}
    parameters = [{"name": n, "value": str(v), "type": "STRING"} for n, v in told.items()]
    command = [
        str(SERVING / "seldon-core-microservice"),
        "serving.click_model.ClickModel",
        *("--http-port", str(port), "--metrics-port", str(free_port())),
        # with gRPC beside it, it does not stop when told to
        *("--grpc-port", str(free_port()), "--grpc-workers", "0"),
        *("--workers", str(workers), "--threads", str(THREADS), "--log-level", "WARNING"),
        *("--parameters", json.dumps(parameters)),
    ]
    return Contender("Seldon, stock", port, command, "/health/status", V1, _v1_body, _v1_scores)


def mlserver(world: World, folder: Path, workers: int) -> Contender:
    """MLServer with a custom runtime.

    One worker scores in the server's own process, which saves it the way between processes.
    """
    port, home = free_port(), folder / "mlserver"
    home.mkdir(parents=True, exist_ok=True)
    settings = {
        "host": ADDRESS,
        "http_port": port,
        "grpc_port": free_port(),
        "metrics_port": free_port(),
        "parallel_workers": workers if workers > 1 else 0,
        "debug": False,
        "gzip_enabled": False,
    }
    model = {"name": "click", "implementation": f"{LIBRARY}.mlserver_runtime.ClickRuntime"}
    (home / "settings.json").write_text(json.dumps(settings), encoding="utf-8")
    (home / "model-settings.json").write_text(json.dumps(model), encoding="utf-8")
    return Contender(
        "MLServer",
        port,
        [str(PEERS / "mlserver"), "start", str(home)],
        "/v2/models/click/ready",
        "/v2/models/click/infer",
        _v2_body,
        lambda answer: list(answer["outputs"][0]["data"]),
        _peers_environment(world),
    )


def bentoml(world: World, folder: Path, workers: int) -> Contender:
    """A service of BentoML."""
    port = free_port()
    command = [str(PEERS / "bentoml"), "serve", f"{LIBRARY}.bentoml_service:Clicks"]
    environment = {
        **_peers_environment(world),
        WORKERS: str(workers),
        "BENTOML_HOME": str(folder / "bentoml"),
        "BENTOML_DO_NOT_TRACK": "True",
    }
    return Contender(
        "BentoML",
        port,
        [*command, "--host", ADDRESS, "--port", str(port), "--working-dir", str(REPOSITORY)],
        "/readyz",
        "/predict",
        _plain_body,
        list,
        environment,
    )


def fastapi(world: World, folder: Path, workers: int) -> Contender:
    """FastAPI with ONNX Runtime."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", f"{LIBRARY}.fastapi_app:app"]
    return Contender(
        "FastAPI",
        port,
        [
            *command,
            *("--host", ADDRESS, "--port", str(port), "--workers", str(workers)),
            *("--loop", "uvloop", "--http", "httptools", "--no-access-log"),
        ],
        "/openapi.json",
        "/predict",
        _plain_body,
        lambda answer: list(answer["click_probability"]),
        _peers_environment(world),
    )


def _peers_environment(world: World) -> dict[str, str]:
    return {BUNDLE: str(world.bundle.path)}


def _v1_body(rows: Rows) -> Any:
    return {"jsonData": rows}


def _v1_scores(answer: Any) -> list[float]:
    return list(answer["jsonData"]["click_probability"])


def _plain_body(rows: Rows) -> Any:
    return {"candidates": rows}


def _v2_body(rows: Rows) -> Any:
    def column(name: str) -> dict[str, Any]:
        data = [row[name] for row in rows]
        kind = "FP64" if isinstance(data[0], float) else "BYTES"
        return {"name": name, "shape": [len(data), 1], "datatype": kind, "data": data}

    return {"inputs": [column(name) for name in rows[0]]}
