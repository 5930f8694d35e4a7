"""The verbs of tests/e2e/test_rollout_verbs.py with the Kubernetes deployer, emulated."""

from __future__ import annotations

from pathlib import Path

import pytest

from serving.deployment import Role
from tests.kubernetes.emulated_api import EmulatedApi
from tests.kubernetes.emulated_cluster import EmulatedCluster
from tests.kubernetes.use_flavor import STACK
from tests.verbs import After, Call, use_verbs

CALLS: tuple[Call, ...] = (
    ("deploy", {}),
    ("deploy", {"version": "v2", "traffic": 20}),
    ("promote", {}),
    ("rollback", {}),
    ("rollback", {"version": "v2"}),
    ("deploy", {"version": "v3", "traffic": 10}),
)
V1, V2 = ((version, Role.CHAMPION, 100) for version in ("v1", "v2"))
CANARY = (("v1", Role.CHAMPION, 80), ("v2", Role.CANARY, 20))


@pytest.mark.slow
def test_verbs_do_on_a_cluster_what_they_do_here(tmp_path: Path) -> None:
    api = EmulatedApi(EmulatedCluster(tmp_path / "pods"))
    environment = {
        "KUBECONFIG": str(api.kubeconfig(tmp_path / "kubeconfig")),
        "GATEWAY_URL": api.url,
        "IMAGE": f"registry/serving@sha256:{'a' * 64}",
        "BUCKET": f"file://{tmp_path}/bucket",
    }
    try:
        *done, refused = use_verbs(tmp_path / "home", STACK, environment, CALLS)
        assert api.cluster.seldon == {}
    finally:
        api.close()
    assert done == [
        After((V1,), {"v1": "production", "v2": None, "v3": None}, None),
        After(CANARY, {"v1": "production", "v2": "staging", "v3": None}, None),
        After((V2,), {"v1": "archived", "v2": "production", "v3": None}, None),
        After((V1,), {"v1": "production", "v2": "archived", "v3": None}, None),
        After((V2,), {"v1": "archived", "v2": "production", "v3": None}, None),
    ]
    assert refused.error and "v3 was kept back" in refused.error
