"""Prints the Jobs and pods of the pipelines' namespace, as the cluster's API shows them.

`python -m tests.gcp.in_cloud.jobs`
"""

from __future__ import annotations

import json
from typing import Any

import requests

from tests.gcp.cloud import names

KINDS = {"jobs": "apis/batch/v1", "pods": "api/v1"}


def main() -> None:
    print(json.dumps({kind: _items(group, kind) for kind, group in KINDS.items()}))


def _items(group: str, kind: str) -> list[dict[str, Any]]:
    answer = requests.get(
        f"https://{names.CLUSTER_ADDRESS}/{group}/namespaces/{names.PIPELINE_NAMESPACE}/{kind}",
        headers={"Authorization": f"Bearer {names.TOKEN}"},
        timeout=30,
    )
    answer.raise_for_status()
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


if __name__ == "__main__":
    main()
