"""Deletes the last run's Jobs; prints what the kubernetes stack says of the run before and after.

`python -m tests.gcp.in_cloud.lost_run`
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import requests

from stacks.definition import load_stack
from stacks.environment import close_logs, prepare, state_folder, use_server
from tests.gcp.cloud import names

REPOSITORY = Path(__file__).resolve().parents[3]
JOBS = f"https://{names.CLUSTER_ADDRESS}/apis/batch/v1/namespaces/{names.PIPELINE_NAMESPACE}/jobs"


def main() -> None:
    definition = load_stack("kubernetes", dict(os.environ))
    prepare(REPOSITORY, state_folder(REPOSITORY))
    assert definition.server is not None
    use_server(definition.server)
    from zenml.client import Client

    from stacks.registration import activate

    activate(definition)
    client = Client()
    orchestrator = client.active_stack.orchestrator
    run = client.list_pipeline_runs(sort_by="desc:created", size=1, hydrate=True).items[0]
    told = [_said(orchestrator, run)]
    _delete(str(run.id))
    told.append(_said(orchestrator, run))
    print(json.dumps(told))
    close_logs()


def _said(orchestrator: Any, run: Any) -> str:
    try:
        return str(orchestrator.fetch_status(run))
    except ValueError as error:
        return str(error)


def _delete(run: str) -> None:
    """Delete the run's orchestrator Job, which owns the steps' Jobs."""
    headers = {"Authorization": f"Bearer {names.TOKEN}"}
    found = requests.get(f"{JOBS}?labelSelector=run_id={run}", headers=headers, timeout=30)
    (job,) = [j for j in found.json()["items"] if "step_name" not in j["metadata"]["labels"]]
    options = {"propagationPolicy": "Foreground"}
    address = f"{JOBS}/{job['metadata']['name']}"
    requests.delete(address, headers=headers, json=options, timeout=60).raise_for_status()


if __name__ == "__main__":
    main()
