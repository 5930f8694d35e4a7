"""The image that steps run in where they don't run in this process."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from stacks.definition import ImageDefinition

HERE = Path(__file__).resolve().parent


def docker_settings(image: ImageDefinition) -> dict[str, Any]:
    """ZenML's Docker settings: one image of our locks, into which each step downloads the code.

    The image changes with the locks alone, so that a change of code builds nothing. What the
    integrations of ZenML would install on top does not go together with the locks.
    """
    code = {
        "install_stack_requirements": False,
        "allow_including_files_in_images": False,
        "allow_download_from_artifact_store": True,
    }
    if image.built is not None:
        return code | {"skip_build": True, "parent_image": image.built}
    return code | {
        "dockerfile": str(HERE / "steps.Dockerfile"),
        "build_context_root": str(HERE.parent),
        "target_repository": "steps",
        "parent_image_build_config": {
            "build_options": {"build_args": {"BASE": image.base}},
            "dockerignore": str(HERE / "steps.Dockerfile.dockerignore"),
        },
    }
