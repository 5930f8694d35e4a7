"""Sizes and strengths of the click model."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class ModelOptions(BaseModel):
    """What shapes the network; defaults suit logs of ten thousand to some million impressions."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    embedding_dimensions: int = Field(default=4, ge=1)
    cross_layers: int = Field(default=2, ge=0)
    cross_rank: int = Field(default=16, ge=1)
    text_dimensions: int = Field(default=8, ge=1)
    hidden_units: tuple[int, ...] = (64, 32)
    dropout: float = Field(default=0.2, ge=0, lt=1)
    l2: float = Field(default=1e-4, ge=0)
    tower_filters: tuple[int, ...] = (16, 24, 32, 48)
    image_dimensions: int = Field(default=8, ge=1)
