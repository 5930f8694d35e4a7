"""The serving image, built from serving/Dockerfile: what is in it, and a pod that answers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from adclick.bundle.bundle import ServingBundle
from adclick.bundle.store import publish
from adclick.records.reading import read_records
from serving.client import PredictionClient
from serving.kubernetes.description import Predictor, ServingDescription
from serving.kubernetes.pod import USER, pod_spec
from tests.bundles import example, expected, tiny_bundle
from tests.gcp.images import context
from tests.gcp.images.built import Image
from tests.gcp.images.engine import docker, files_in, inspect
from tests.gcp.images.pod import STORE, Pod, processes, running
from tests.servers import free_port, wait_until

pytestmark = pytest.mark.slow
READY_SECONDS = 60.0
ABSENT = ("tensorflow", "keras", "zenml", "evidently", "pytest")


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> ServingBundle:
    return tiny_bundle(tmp_path_factory.mktemp("bundle") / "v1")


@pytest.fixture(scope="module")
def pod(
    serving_image: Image, bundle: ServingBundle, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pod]:
    """A pod that serves, with the manifest's commands, users, mounts and confinement."""
    predictor = Predictor(bundle.version, f"{STORE}/bundles/{bundle.version}", serving_image.name)
    described = ServingDescription(
        name="adclick",
        namespace="serving",
        model="tiny",
        predictors=(predictor,),
        prediction_log=f"{STORE}/predictions",
    )
    pod = Pod(pod_spec(described, predictor), tmp_path_factory.mktemp("pod"), free_port())
    publish(bundle, str(pod.volume("store") / "bundles"))
    with running(pod), PredictionClient(url(pod)) as client:
        wait_until(client.is_healthy, "the pod is ready", READY_SECONDS)
        yield pod


def url(pod: Pod) -> str:
    return f"http://127.0.0.1:{pod.port}"


def test_the_build_sees_what_dockerignore_lets_through(base_name: str) -> None:
    seen = context.of_docker_build(base_name)
    tracked = context.tracked("adclick", "serving", "requirements-serving.txt")
    assert set(seen) <= {*tracked, *context.untracked("adclick", "serving")}
    assert set(tracked) <= set(seen)


def test_it_has_the_served_code_and_no_training(serving_image: Image) -> None:
    inside = files_in(serving_image.name, "/app")
    assert {Path(file).parts[0] for file in inside} == {"adclick", "serving"}
    assert any(file.endswith(".pyc") for file in inside)
    code = f"import importlib.util as i; print([m for m in {ABSENT} if i.find_spec(m)])"
    assert docker("run", "--rm", serving_image.name, "python", "-c", code) == "[]"
    # what fetches bundles from buckets and writes logs to them
    docker("run", "--rm", serving_image.name, "python", "-c", "import gcsfs, seldon_core")


def test_it_runs_as_the_user_of_the_manifest(serving_image: Image) -> None:
    assert inspect(serving_image.name)["Config"]["User"] == str(USER)
    assert docker("run", "--rm", serving_image.name, "id", "-u") == str(USER)


def test_what_it_does_without_arguments_is_to_say_how_it_is_started(serving_image: Image) -> None:
    assert "--prediction-log" in docker("run", "--rm", serving_image.name)


def test_a_pod_answers_as_the_bundle_scores(pod: Pod, bundle: ServingBundle) -> None:
    rows = [example(age=age) for age in range(5)]
    with PredictionClient(url(pod)) as client:
        prediction = client.predict(rows, "from-a-container")
    assert prediction.version == bundle.version
    assert prediction.scores == pytest.approx(expected(bundle, rows), abs=1e-6)


def test_its_probes_answer_and_metrics_are_there(pod: Pod) -> None:
    (server,) = (c for c in pod.spec["containers"] if c["name"] == "model")
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        path = server[probe]["httpGet"]["path"]
        assert requests.get(f"{url(pod)}{path}", timeout=server[probe]["timeoutSeconds"]).ok
    assert "adclick_score_bucket" in requests.get(f"{url(pod)}/metrics", timeout=5).text


def test_nobody_in_it_may_write_outside_the_volumes(pod: Pod) -> None:
    running_in = processes(pod.container("model"))
    assert {process["uid"] for process in running_in} == {USER}
    command = ["sh", "-c", "touch /app/x || touch /venv/x || touch /bundle/x"]
    tried = docker("exec", pod.container("model"), *command, fails=True)
    assert "Read-only file system" in tried


def test_it_stops_cleanly_and_its_log_is_written(pod: Pod) -> None:
    """The last test, for it ends the pod."""
    code, seconds = pod.stop("model")
    assert code == 0
    assert seconds < pod.spec["terminationGracePeriodSeconds"]
    log = str(pod.volume("store") / "predictions")
    answered = [name for t in read_records(log, ["_request"]) for name in t["_request"].to_pylist()]
    assert "from-a-container" in answered
