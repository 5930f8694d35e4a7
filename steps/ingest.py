"""From CSV files and images to an ad log."""

from typing import Annotated

from zenml import step
from zenml.client import Client

from adclick.adlog import AdLog
from adclick.ingest.ingest import ingest as ingest_source
from adclick.ingest.sources import Source
from adclick.schema import Schema
from steps.caching import depends_on_code


@step(cache_policy=depends_on_code(__name__))
def ingest(source: Source, schema: Schema) -> Annotated[AdLog, "ad_log"]:
    """Read, validate and store the source's rows and creatives in the stack's artifact store."""
    log = ingest_source(source, schema, f"{Client().active_stack.artifact_store.path}/ad_logs")
    for month in log.months:
        print(f"{month.month}: {month.rows_kept:,} rows kept, {month.rows_quarantined:,} bad")
    return log
