"""What each step's time grows with, and why: the one table that plans are made from."""

from __future__ import annotations

from dataclasses import dataclass

from adclick.planning.workload import Quantity


@dataclass(frozen=True)
class Growth:
    """How a step's time goes with the data and the machine.

    `grows_with` are the quantities of which it is not measured which counts how much: the estimate
    lies between those that grow least and most. `cores` says that the step uses several cores,
    `trains` that it uses accelerators and workers. `reason` is why, with what is left out.
    """

    pipeline: str
    step: str
    grows_with: tuple[Quantity, ...]
    reason: str
    cores: bool = False
    trains: bool = False


GENERATE = Growth(
    "sample data",
    "generate",
    (Quantity.ROWS, Quantity.CREATIVES),
    "draws rows and renders creatives, on this machine whatever the stack",
)
GROWTH = (
    Growth(
        "training",
        "ingest",
        (Quantity.ROWS, Quantity.CREATIVES),
        "parses and checks every row, decodes every creative once, in as many threads as cores",
    ),
    Growth(
        "training",
        "statistics",
        (Quantity.ROWS,),
        "counts values of all columns in all rows, batch by batch in one thread",
    ),
    Growth("training", "validate", (Quantity.NOTHING,), "looks for errors among anomalies"),
    Growth("training", "split", (Quantity.NOTHING,), "chooses dates, not rows"),
    Growth(
        "training",
        "fit_encoder",
        (Quantity.TRAINING_ROWS,),
        "counts values in all training rows, batch by batch in one thread",
    ),
    Growth(
        "training",
        "train",
        (Quantity.EPOCHS,),
        "goes over the training rows once an epoch; when it stops is seen in training alone: the "
        "fewest epochs, as large a share of all as in the measured run, all",
        cores=True,
        trains=True,
    ),
    Growth(
        "training",
        "train_baseline",
        (Quantity.BASELINE_ROWS,),
        "fits a sample of the training rows when there are many",
        cores=True,
    ),
    Growth(
        "training",
        "explain",
        (Quantity.NOTHING,),
        "looks at a fixed number of test rows and creatives",
        cores=True,
    ),
    Growth("training", "find_champion", (Quantity.NOTHING,), "asks ZenML"),
    Growth(
        "training",
        "evaluate",
        (Quantity.TEST_ROWS, Quantity.CREATIVES),
        "scores and sorts the test rows and embeds the creatives; resamples are of groups of rows, "
        "whose number does not grow; measured without a champion, whose scores come on top",
        cores=True,
    ),
    Growth(
        "training",
        "check_serving",
        (Quantity.NOTHING,),
        "asks a server a fixed number of requests; counting the test rows to choose them is small",
    ),
    Growth("training", "decide", (Quantity.NOTHING,), "compares figures"),
    Growth(
        "training",
        "build_bundle",
        (Quantity.CREATIVES,),
        "embeds every creative; the export of the network does not grow",
        cores=True,
    ),
    Growth("training", "write_card", (Quantity.NOTHING,), "gathers figures into a page"),
    Growth("training", "register", (Quantity.NOTHING,), "writes records"),
    Growth(
        "deployment",
        "deploy",
        (Quantity.NOTHING,),
        "waits for a server of this machine; pods, their image and golden requests take longer, "
        "and a canary's trial comes on top",
    ),
    Growth("deployment", "promote", (Quantity.NOTHING,), "writes a record"),
    Growth("traffic", "send_traffic", (Quantity.REQUESTS,), "asks request by request"),
    Growth(
        "monitoring",
        "profile_reference",
        (Quantity.TRAINING_ROWS, Quantity.TEST_ROWS),
        "adds up the training months' statistics, and scores the test rows",
    ),
    Growth(
        "monitoring",
        "report_months",
        (Quantity.COMPARED_ROWS,),
        "draws a sample of each month for Evidently; scoring all rows is small beside that",
    ),
    Growth(
        "monitoring",
        "collect_predictions",
        (Quantity.REQUESTS,),
        "reads what was answered",
    ),
    Growth(
        "monitoring",
        "report_predictions",
        (Quantity.NOTHING,),
        "samples both sides to a fixed number of rows",
    ),
    Growth("monitoring", "judge", (Quantity.NOTHING,), "gathers findings"),
    Growth("monitoring", "publish_reports", (Quantity.MONTHS,), "writes a page a month"),
    Growth("monitoring", "notify", (Quantity.NOTHING,), "sends a message"),
)
