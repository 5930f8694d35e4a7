"""What a step's time may grow with, counted for a run."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from adclick.config import RunConfig
from adclick.planning.ranges import Range
from adclick.planning.size import Size
from adclick.training.baselines import MOST_ROWS


class Quantity(StrEnum):
    """What is counted; the value is what a reader of a plan sees."""

    NOTHING = "nothing"
    ROWS = "rows"
    CREATIVES = "creatives"
    TRAINING_ROWS = "training rows"
    EPOCHS = "training rows x epochs"
    BASELINE_ROWS = f"training rows, at most {MOST_ROWS:,}"
    TEST_ROWS = "test rows"
    REQUESTS = "requests"
    COMPARED_ROWS = "months x rows compared"
    MONTHS = "months"


@dataclass(frozen=True)
class Workload:
    """A run's size and those of its settings that decide how much is computed.

    `epochs` is a range since training stops early, when it stops is seen in training alone.
    """

    size: Size
    calibration_share: float
    epochs: Range
    requests: int
    compared_rows: int

    @classmethod
    def of(cls, size: Size, config: RunConfig, share_of_epochs: float) -> Workload:
        """The work of a run on data of this size, trained for this share of its epochs or so."""
        fewest, most = config.training.epochs_over_rows(size.creatives > 0)
        return cls(
            size=size,
            calibration_share=config.split.calibration_share,
            epochs=Range(fewest, min(most, max(fewest, share_of_epochs * most)), most),
            requests=config.traffic.requests,
            compared_rows=config.monitoring.rows,
        )

    def amount(self, quantity: Quantity) -> Range:
        """How much of a quantity the run has; of NOTHING it is 1, so that nothing grows."""
        size = self.size
        training = (size.rows - size.test_rows) * (1 - self.calibration_share)
        compared = sum(min(rows, self.compared_rows) for rows in size.months.values())
        if quantity == Quantity.EPOCHS:
            return self.epochs.times(training)
        known = {
            Quantity.NOTHING: 1.0,
            Quantity.ROWS: size.rows,
            Quantity.CREATIVES: size.creatives,
            Quantity.TRAINING_ROWS: training,
            Quantity.BASELINE_ROWS: min(training, MOST_ROWS),
            Quantity.TEST_ROWS: size.test_rows,
            Quantity.REQUESTS: float(self.requests),
            Quantity.COMPARED_ROWS: compared,
            Quantity.MONTHS: float(len(size.months)),
        }
        return Range.exactly(known[quantity])
