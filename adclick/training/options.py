"""How the click model is trained."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from adclick.model.options import ModelOptions


class TrainingOptions(BaseModel):
    """Length and step size of training; it stops early when later rows are predicted no better."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    epochs: int = Field(default=6, ge=1)
    patience: int = Field(default=1, ge=0)
    batch_size: int = Field(default=1024, ge=32)
    learning_rate: float = Field(default=2e-3, gt=0)
    seed: int = 1
    model: ModelOptions = ModelOptions()
