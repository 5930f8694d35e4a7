"""Runs a pipeline whose step fails, below $ADCLICK_HOME; prints what we say of such a run."""

from __future__ import annotations

from contextlib import suppress

from stacks.environment import close_logs, prepare, state_folder
from tests.e2e.runs import REPOSITORY


def main() -> None:
    prepare(REPOSITORY, state_folder(REPOSITORY))
    from zenml.client import Client

    from pipelines.failures import raise_failure
    from tests.e2e.failing_pipeline import tea

    with suppress(RuntimeError):
        tea()
    (run,) = Client().list_pipeline_runs(hydrate=True)
    try:
        raise_failure(run)
    except RuntimeError as error:
        print(f"told: {error}")
    close_logs()


if __name__ == "__main__":
    main()
