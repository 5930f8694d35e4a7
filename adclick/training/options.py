"""How the click model is trained."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from adclick.model.calibration import Method
from adclick.model.options import ModelOptions


class Descent(BaseModel):
    """Length and step size of gradient descent; it stops early when later rows gain no more.

    `decays`: steps become smaller, to a twentieth in the last epoch, along a cosine, and the last
    epoch's weights are kept rather than the best's.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    epochs: int = Field(default=8, ge=1)
    patience: int = Field(default=1, ge=0)
    learning_rate: float = Field(default=2e-3, gt=0)
    decays: bool = False


class ImageTraining(Descent):
    """How tower and context are trained, on what the columns leave unexplained.

    A batch holds so many images and up to so many impressions of each: an image is embedded once
    for all of them. Patience as long as training stops at no epoch: nothing may be gained for
    several, until the first pictures are told apart. `mirrored`: half of the images, by chance, are
    seen as in a mirror.
    """

    epochs: int = Field(default=14, ge=1)
    patience: int = Field(default=14, ge=0)
    decays: bool = True
    images_a_batch: int = Field(default=32, ge=1)
    impressions_an_image: int = Field(default=256, ge=1)
    mirrored: bool = True


class Compute(BaseModel):
    """How a training step is computed: another way to about the same weights.

    `precision`: what matrices are multiplied in; weights stay float32. `xla`: the columns' network
    is compiled by XLA.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    precision: Literal["float32", "bfloat16"] = "float32"
    xla: bool = False


class TrainingOptions(Descent):
    """How the network over the columns is trained, and after it, with images, the tower.

    Of the training rows without a click `unclicked_share` are trained on, each in the place of as
    many as it was drawn from: predictions stay calibrated. Calibrated is by all rows, as
    `calibration` says (see `adclick.model.calibration`). `warm_start` begins with the weights of
    the version in production, or of the last before it that was not trained on the newest months.
    """

    unclicked_share: float = Field(default=1.0, gt=0, le=1)
    calibration: Method = "platt"
    warm_start: bool = False
    batch_size: int = Field(default=1024, ge=32)
    seed: int = 1
    model: ModelOptions = ModelOptions()
    images: ImageTraining = ImageTraining()
    compute: Compute = Compute()

    def epochs_over_rows(self, has_images: bool) -> tuple[int, int]:
        """How often training goes over its rows, at least and at most."""
        stages = [self, self.images] if has_images else [self]
        fewest = sum(min(stage.epochs, stage.patience + 1) for stage in stages)
        return fewest, sum(stage.epochs for stage in stages)
