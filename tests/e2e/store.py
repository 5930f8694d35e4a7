"""Prints what ZenML's store below $ADCLICK_HOME holds, as JSON: artifacts and model versions."""

from __future__ import annotations

import json
import sys

from stacks.environment import close_logs, prepare, state_folder
from tests.e2e.runs import REPOSITORY


def main() -> None:
    prepare(REPOSITORY, state_folder(REPOSITORY))
    from zenml.client import Client

    import materializers  # noqa: F401  registers how our types travel

    client = Client()
    newest = {
        artifact.name: artifact
        for artifact in client.list_artifact_versions(sort_by="created", size=500).items
    }
    versions = [
        {
            "model": model.name,
            "name": version.name,
            "stage": version.stage,
            "metadata": {name: str(value) for name, value in version.run_metadata.items()},
            "artifacts": sorted(version.data_artifact_ids | version.model_artifact_ids),
        }
        for model in client.list_models().items
        for version in client.list_model_versions(model.id, hydrate=True).items
    ]
    told = {
        "loaded": {name: type(artifact.load()).__name__ for name, artifact in newest.items()},
        "pages": {
            name: sorted({one.type.value for one in artifact.visualizations or ()})
            for name, artifact in newest.items()
        },
        "versions": versions,
    }
    json.dump(told, sys.stdout)
    close_logs()


if __name__ == "__main__":
    main()
