"""Builds and pushes the steps' image as a run of the gcp stack would: ZenML's own builder does it.

`python -m tests.gcp.images.build_steps HOME REGISTRY BASE [DOCKERFILE]`, in the client's
environment; with a DOCKERFILE that one is built instead of ours, from the same context. Last it
prints the image with its digest, and the seconds that it took.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from stacks.definition import ImageDefinition, parse_stack
from stacks.environment import close_logs, prepare

REPOSITORY = Path(__file__).resolve().parents[3]
# of stacks/gcp.yaml: what an image is built with
STACK = """
name: images
components:
  orchestrator:
    flavor: local
  artifact_store:
    flavor: local
  container_registry:
    flavor: default
    configuration:
      uri: ${REGISTRY}
  image_builder:
    flavor: ${ADCLICK_IMAGE_BUILDER:-gcp}
"""


def main() -> None:
    home, registry, base, *other = sys.argv[1:]
    variables = {"REGISTRY": registry, "ADCLICK_IMAGE_BUILDER": "local"}
    definition = parse_stack(STACK, Path("images.yaml"), variables)
    prepare(REPOSITORY, Path(home))
    from zenml.client import Client
    from zenml.config import DockerSettings
    from zenml.utils.pipeline_docker_image_builder import PipelineDockerImageBuilder

    from stacks.images import docker_settings
    from stacks.registration import activate

    activate(definition)
    settings = DockerSettings.model_validate(docker_settings(ImageDefinition(base=base)))
    if other:
        change = {"dockerfile": other[0], "target_repository": "other"}
        settings = settings.model_copy(update=change)
    started = time.monotonic()
    image, _, added = PipelineDockerImageBuilder().build_docker_image(
        docker_settings=settings, tag="first", stack=Client().active_stack, include_files=False
    )
    assert added is None, "ZenML adds requirements of its own"
    print(json.dumps({"image": image, "seconds": round(time.monotonic() - started, 1)}))
    close_logs()


if __name__ == "__main__":
    main()
