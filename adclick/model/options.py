"""Sizes and strengths of the click model."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

type Architecture = Literal[
    "ConvNeXtBase",
    "ConvNeXtSmall",
    "ConvNeXtTiny",
    "DenseNet121",
    "EfficientNetB0",
    "EfficientNetB1",
    "EfficientNetB2",
    "EfficientNetB3",
    "EfficientNetV2B0",
    "EfficientNetV2B1",
    "EfficientNetV2B2",
    "EfficientNetV2B3",
    "EfficientNetV2S",
    "InceptionV3",
    "MobileNet",
    "MobileNetV2",
    "MobileNetV3Large",
    "MobileNetV3Small",
    "ResNet50",
    "ResNet50V2",
    "ResNet101V2",
    "VGG16",
    "Xception",
]


class Backbone(BaseModel):
    """An image network of keras.applications, and where its pretrained weights lie.

    `weights` is a path or fsspec URL of a `.h5` or `.weights.h5` file without the network's top; a
    name stands for its content. Unless `trainable`, only the embedding above it is learned.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Architecture
    weights: str
    trainable: bool = False

    @field_validator("weights")
    @classmethod
    def _a_weights_file(cls, weights: str) -> str:
        if not weights.endswith(".h5"):
            raise ValueError(f"{weights!r} is no .h5 or .weights.h5 file")
        return weights


class ModelOptions(BaseModel):
    """What shapes the network; defaults suit logs of ten thousand to some million impressions.

    So many `towers` see each picture, each with `image_dimensions` of its embedding, and what they
    say of it is averaged. A `backbone` takes the place of the convolutions that are trained from
    scratch.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    embedding_dimensions: int = Field(default=4, ge=1)
    cross_layers: int = Field(default=2, ge=0)
    cross_rank: int = Field(default=16, ge=1)
    text_dimensions: int = Field(default=8, ge=1)
    hidden_units: tuple[int, ...] = (64, 32)
    dropout: float = Field(default=0.2, ge=0, lt=1)
    l2: float = Field(default=1e-4, ge=0)
    tower_filters: tuple[int, ...] = (16, 24, 32, 48)
    towers: int = Field(default=2, ge=1)
    image_dimensions: int = Field(default=8, ge=1)
    backbone: Backbone | None = None

    @property
    def embedding(self) -> int:
        """E, the numbers in a creative's embedding: those of all towers."""
        return self.towers * self.image_dimensions
