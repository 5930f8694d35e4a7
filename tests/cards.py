"""A small model card, for tests of what is made of it."""

from __future__ import annotations

from adclick.card.card import ModelCard
from adclick.card.code_version import CodeVersion
from adclick.card.lineage import Lineage, MonthFacts
from adclick.evaluation.decision import Decision
from adclick.evaluation.evaluation import Evaluation
from adclick.evaluation.serving import ServingFigures

SERVING = ServingFigures(
    version="v1",
    requests=613,
    failed=0,
    max_skew=2.5e-8,
    p50_ms=1.25,
    p99_ms=4.5,
    many=128,
    many_p50_ms=2.5,
    many_p99_ms=9.75,
    memory_mb=135.4,
    size_mb=1.234,
)


def lineage(text: str = "v1", code: CodeVersion | None = None) -> Lineage:
    """A lineage with `text` wherever a person's data may put its own."""
    return Lineage(
        version=text,
        trained_on="2024-01 to 2024-02",
        calibrated_on="2024-02",
        tested_on="2024-03",
        months=(
            MonthFacts(month="2024-01", impressions=1000, clicks=25, rows_quarantined=7),
            MonthFacts(month="2024-02", impressions=2000, clicks=60, rows_quarantined=0),
        ),
        files=2,
        sources="5c75c90c5c75c90c",
        creatives=12,
        schema_name="shops",
        schema_hash="aaaabbbbccccdddd",
        columns={"id": ("impression",), "categorical": (text, "device"), "image": ("image",)},
        config={"training": {"epochs": 4}, "note": text},
        config_hash="0123456789abcdef",
        code=code or CodeVersion(commit="c" * 40),
        python="3.12.1",
        packages={"tensorflow": "2.20.0"},
        judged_against=None,
    )


def card(
    evaluation: Evaluation,
    decision: Decision,
    text: str = "v1",
    code: CodeVersion | None = None,
    serving: ServingFigures = SERVING,
) -> ModelCard:
    """The card of a version that was evaluated and decided upon so."""
    return ModelCard(
        model="adclick-shops",
        lineage=lineage(text, code),
        evaluation=evaluation,
        decision=decision,
        serving=serving,
    )
