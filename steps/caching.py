"""What a step's cached result depends on, beside its inputs and parameters."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import grimp
from zenml.config.cache_policy import CachePolicy

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("steps", "serving", "adclick")
LOCKS = ("requirements.txt", "requirements-gcp.txt")


def depends_on_code(*modules: str) -> CachePolicy:
    """A policy under which the step in the first of `modules` runs again when its code has changed.

    Further modules are those that it runs in processes of their own. ZenML looks at the step's own
    function alone (zenml issue 1011). This adds every module of ours that these import, directly or
    not, and the locks of the environments that steps run in.
    """
    files = [_file(name) for name in sorted(set().union(*map(_imported, modules)))]
    return CachePolicy(file_dependencies=[*files, *LOCKS])


@cache
def _graph() -> grimp.ImportGraph:
    return grimp.build_graph(*PACKAGES, cache_dir=None)


def _imported(module: str) -> set[str]:
    return {module} | _graph().find_upstream_modules(module)


def _file(module: str) -> str:
    path = ROOT.joinpath(*module.split("."))
    path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return str(path.relative_to(ROOT))
