"""Scores for a whole log."""

from typing import Annotated

from zenml import step
from zenml.client import Client

from adclick.adlog import AdLog
from adclick.bundle.bundle import ServingBundle
from adclick.ingest.executor import executor_here
from adclick.ingest.progress import progress_here
from adclick.schema import Schema
from adclick.scoring.score import score_log
from adclick.scoring.scores import Scores
from adclick.scoring.source import check_declared, find_rows, of_months


@step(enable_cache=False)
def score(
    bundle: ServingBundle,
    model: str,
    schema: Schema,
    months: str,
    data: str | None = None,
    log: AdLog | None = None,
) -> Annotated[Scores, "scores"]:
    """Score the wanted months of `data`, or of an ingested log, into the stack's artifact store.

    Never cached, so that a new or changed file is seen; what was scored before is not scored again.
    """
    if data is not None:
        check_declared(schema, bundle.schema, bundle.version)
        rows = find_rows(data, schema, months)
    else:
        assert log is not None
        rows = of_months(log, months)
    store = f"{Client().active_stack.artifact_store.path}/scores"
    allowed = schema.max_bad_share
    scores = score_log(rows, bundle, store, model, allowed, executor_here(), progress_here())
    for month in scores.months:
        print(
            f"{month.name}: {month.rows_scored:,} rows scored, {month.rows_unscored:,} without a "
            f"score; {scores.root}/{month.folder}"
        )
    return scores
