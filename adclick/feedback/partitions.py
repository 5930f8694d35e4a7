"""Tables too large for memory, split into parts that each hold all rows of their requests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from adclick.ingest.hashes import hash_ids
from adclick.prediction_log.names import REQUEST

PACKED = pa.ipc.IpcWriteOptions(compression="zstd")


def partitioned(
    tables: Iterable[pa.Table], columns: pa.Schema, count: int, folder: Path
) -> Iterator[pa.Table]:
    """The rows of `tables`, all with these columns, in `count` parts by a hash of the request.

    They wait in files in `folder`, a new one; one part at a time is in memory.
    """
    folder.mkdir()
    paths = [folder / str(number) for number in range(count)]
    with ExitStack() as stack:
        writers = [
            stack.enter_context(pa.ipc.new_stream(str(path), columns, options=PACKED))
            for path in paths
        ]
        for table in tables:
            for number, part in _split(table, count):
                writers[number].write_table(part)
    for path in paths:
        with pa.ipc.open_stream(path.open("rb")) as stream:
            yield stream.read_all()
        path.unlink()


def _split(table: pa.Table, count: int) -> Iterator[tuple[int, pa.Table]]:
    if not table.num_rows:
        return
    numbers = hash_ids(table[REQUEST].combine_chunks()) % np.uint64(count)
    for number in np.unique(numbers).tolist():
        yield number, table.filter(pc.equal(pa.array(numbers), pa.scalar(number, pa.uint64())))
