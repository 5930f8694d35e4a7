"""From CSV files and images to an ad log."""

from typing import Annotated

from zenml import step
from zenml.client import Client

from adclick.adlog import AdLog
from adclick.ingest.executor import executor_here
from adclick.ingest.ingest import ingest as ingest_source
from adclick.ingest.progress import progress_here
from adclick.ingest.sources import find_source
from adclick.schema import Schema


@step(enable_cache=False)
def ingest(data: str, schema: Schema, months: str) -> Annotated[AdLog, "ad_log"]:
    """Read, validate and store what is new of the wanted months, in the stack's artifact store.

    Never cached, so that a new or changed file is seen; what did not change is not read again,
    and the log's content, not that it was looked for, decides whether later steps run.
    """
    source = find_source(data, schema, months)
    print(f"{len(source.files)} files, {sum(file.size for file in source.files) / 1e6:,.1f} MB")
    store = f"{Client().active_stack.artifact_store.path}/ad_logs"
    log = ingest_source(source, schema, store, executor_here(), progress_here())
    for month in log.months:
        print(f"{month.month}: {month.rows_kept:,} rows kept, {month.rows_quarantined:,} bad")
    return log
