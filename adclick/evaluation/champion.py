"""Who a challenger has to beat."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Champion(BaseModel):
    """The version in production and where its bundle is kept; all None before the first.

    `bundle` is the id of an artifact. Two equal champions are the same opponent.
    """

    model_config = ConfigDict(frozen=True)

    version: str | None = None
    bundle: str | None = None
