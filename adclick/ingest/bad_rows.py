"""Rows that are turned away, with the reason of each and its raw text."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from adclick.arrays import Array
from adclick.ingest.rows import Rows
from adclick.ingest.validation import Problem

BAD_ROWS = pa.schema(
    [
        ("line", pa.int64()),
        ("column", pa.string()),
        ("reason", pa.string()),
        ("text", pa.string()),
    ]
)


def malformed_rows(rows: Rows) -> pa.Table:
    """Those whose cells cannot be told, as BAD_ROWS."""
    bad = [
        {"line": row.line, "column": "", "reason": row.reason, "text": row.text}
        for row in rows.malformed
    ]
    return pa.Table.from_pylist(bad, BAD_ROWS)


def rejected_rows(rows: Rows, codes: Array, problems: Sequence[Problem], bad: Array) -> pa.Table:
    """The rows (n,) `bool` that are `bad` as BAD_ROWS; `codes` and `problems` are as in Checked."""
    chosen = np.flatnonzero(bad)
    found = pa.array(codes[chosen] - 1)
    return pa.table(
        [
            pa.array(rows.lines[chosen]),
            pa.array([problem.column for problem in problems], pa.string()).take(found),
            pa.array([problem.reason for problem in problems], pa.string()).take(found),
            pa.array(rows.text(chosen), pa.string()),
        ],
        schema=BAD_ROWS,
    )
