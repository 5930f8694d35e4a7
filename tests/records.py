"""Rows as a log of records takes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from adclick.encoding.sent import SentRows


def by_column(rows: Sequence[Mapping[str, Any]]) -> dict[str, Sequence[Any]]:
    """The values of each name that any of the rows has; None where a row has none."""
    sent = SentRows(rows)
    return {name: sent.values(name) for name in sent.names()}
