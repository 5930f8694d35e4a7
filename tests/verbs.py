"""Versions of a tiny model in a ZenML store, and what run.py's verbs make of them.

`python -m tests.verbs HOME STACK` reads a list of [verb, {argument: value}] from stdin and prints
for each what serves and each version's stage, or the error. A process of its own, because ZenML
keeps its store and its active stack for each process.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[1]
MODEL = "adclick-tiny"
BIAS = {"v1": -2.0, "v2": 1.0, "v3": 0.5}
KEPT_BACK = "v3"
SECONDS = 240

Call = tuple[str, dict[str, Any]]


@dataclass(frozen=True)
class After:
    """What serves after a verb, as (version, role, per cent), and each version's stage."""

    serves: tuple[tuple[str, str, int], ...]
    stages: Mapping[str, str | None]
    error: str | None


def use_verbs(
    home: Path, stack: str, environment: Mapping[str, str], calls: Sequence[Call]
) -> list[After]:
    """What each of the calls leads to, one after the other, in a store of their own."""
    home.mkdir()
    (home / "stack.yaml").write_text(stack, encoding="utf-8")
    ran = subprocess.run(
        [sys.executable, "-m", "tests.verbs", str(home)],
        cwd=REPOSITORY,
        env={**os.environ, **environment, "ADCLICK_HOME": str(home), "HOME": str(home)},
        input=json.dumps(calls),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return [
        After(tuple((v, r, t) for v, r, t in told["serves"]), told["stages"], told["error"])
        for told in json.loads(ran.stdout.splitlines()[-1])
    ]


def main() -> None:
    home = Path(sys.argv[1])
    from stacks.environment import close_logs, prepare

    prepare(REPOSITORY, home)
    from zenml.client import Client

    from adclick.errors import AdclickError
    from pipelines import rollout
    from stacks.definition import parse_stack
    from stacks.registration import activate
    from steps.model_versions import all_versions

    stack = home / "stack.yaml"
    activate(parse_stack(stack.read_text(encoding="utf-8"), stack, os.environ))
    make_versions(home)
    deployer: Any = Client().active_stack.model_deployer
    verbs = {
        "deploy": lambda **words: rollout.deploy(deployer, MODEL, **words),
        "promote": lambda: rollout.promote(deployer),
        "rollback": lambda **words: rollout.rollback(deployer, **words),
    }
    told = []
    for verb, words in json.load(sys.stdin):
        error = None
        try:
            verbs[verb](**words)
        except AdclickError as refused:
            error = str(refused)
        serves = [(v.version, v.role, v.traffic) for v in deployer.status().versions]
        found = {version.name: version.stage for version in all_versions(MODEL)}
        told.append({"serves": serves, "stages": found, "error": error})
    deployer.stop()
    print(json.dumps(told))
    close_logs()


def make_versions(folder: Path) -> None:
    """Three versions, of which the first is staged and the last was kept back."""
    from zenml import log_metadata, save_artifact
    from zenml.model.utils import link_artifact_version_to_model_version

    import materializers  # noqa: F401  registers how our types travel
    from steps.model_versions import BUNDLE, PROMOTE, REASON, create
    from tests.bundles import tiny_bundle

    for name, bias in BIAS.items():
        bundle = tiny_bundle(folder / "built" / name, name, bias=bias)
        version = create(MODEL, name)
        link_artifact_version_to_model_version(save_artifact(bundle, BUNDLE), version)
        log_metadata({PROMOTE: name != KEPT_BACK, REASON: "as it is"}, model_version_id=version.id)
        if name == "v1":
            version.set_stage("staging")


if __name__ == "__main__":
    main()
