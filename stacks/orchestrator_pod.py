"""What ZenML's orchestrator pod runs here: our code is fetched, then ZenML's own entrypoint runs.

The pod has this file's text as its command, since the image has none of our code.
"""

from __future__ import annotations

import sys
from pathlib import Path

from zenml.entrypoints.base_entrypoint_configuration import (
    SNAPSHOT_ID_OPTION,
    BaseEntrypointConfiguration,
)
from zenml.utils.source_utils import set_custom_source_root


class OrchestratorPod(BaseEntrypointConfiguration):
    """Runs the pipeline of a snapshot, with the code that was uploaded for it."""

    @classmethod
    def get_entrypoint_options(cls) -> dict[str, bool]:
        """The options that are read, and whether they are required; ZenML's entrypoint has more."""
        return {SNAPSHOT_ID_OPTION: True}

    def run(self) -> None:
        """Return when all steps have ended."""
        # ZenML would look where this file is, which is nowhere
        set_custom_source_root(str(Path.cwd()))
        self.prepare_code_environment()
        from zenml.integrations.kubernetes.orchestrators.kubernetes_orchestrator_entrypoint import (
            main,
        )

        main()


if __name__ == "__main__":
    OrchestratorPod(sys.argv[1:]).run()
