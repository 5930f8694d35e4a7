"""Which files the data folder holds now."""

from typing import Annotated

from zenml import step

from adclick.ingest.sources import Source, find_source
from adclick.schema import Schema


@step(enable_cache=False)
def find_data(uri: str, schema: Schema, months: str) -> Annotated[Source, "source"]:
    """List the files of the wanted months; never cached, so that a new or changed file is seen.

    The listing's content, not the fact that it was made, decides whether later steps run again.
    """
    source = find_source(uri, schema, months)
    print(f"{len(source.files)} files, {sum(file.size for file in source.files) / 1e6:,.1f} MB")
    return source
