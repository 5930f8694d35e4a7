"""The model card as a page and as Markdown."""

from __future__ import annotations

import yaml

from adclick.card.card import ModelCard
from adclick.card.limits import MISUSES, USES, limits
from adclick.views.comparison import (
    lead_rows,
    leads_table,
    model_rows,
    models_table,
    tiles,
)
from adclick.views.decision_page import conditions_table
from adclick.views.html import render, table
from adclick.views.markdown import markdown_table, render_markdown
from adclick.views.plots import plots
from adclick.views.serving_page import serving_rows
from adclick.views.slices_view import telling_slices
from adclick.views.text import count, percent

Rows = list[tuple[str, ...]]
MONTH_HEADS = ("month", "impressions", "clicks", "click rate", "rows in quarantine")


def card_page(card: ModelCard) -> str:
    """The card as HTML that needs no other file."""
    evaluation = card.evaluation
    return render(
        "model_card.html.j2",
        **_said(card),
        months=table(MONTH_HEADS, _months(card)),
        columns=table(("role", "columns"), _columns(card), text_columns=2),
        tiles=tiles(evaluation),
        models=models_table(evaluation),
        leads=leads_table(evaluation),
        plots=plots(evaluation),
        telling=telling_slices(evaluation),
        conditions=conditions_table(card.decision),
        serving=table(("figure", "value"), serving_rows(card.serving)),
        lineage=table(("what", "which"), _lineage(card), text_columns=2),
    )


def card_markdown(card: ModelCard) -> str:
    """The card as Markdown: the same without the plots."""
    conditions = [
        (one.name, one.figure, one.bound, one.verdict) for one in card.decision.conditions
    ]
    return render_markdown(
        "model_card.md.j2",
        **_said(card),
        months=markdown_table(MONTH_HEADS, _months(card)),
        columns=markdown_table(("role", "columns"), _columns(card)),
        models=markdown_table(*model_rows(card.evaluation)),
        leads=markdown_table(*lead_rows(card.evaluation)),
        conditions=markdown_table(("condition", "figure", "bound", "result"), conditions),
        serving=markdown_table(("figure", "value"), serving_rows(card.serving)),
        lineage=markdown_table(("what", "which"), _lineage(card)),
    )


def _said(card: ModelCard) -> dict[str, object]:
    return {
        "card": card,
        "evaluation": card.evaluation,
        "decision": card.decision,
        "uses": USES,
        "misuses": MISUSES,
        "limits": limits(card),
        "confidence": f"{100 * card.evaluation.confidence:g} %",
        "click_rate": percent(card.evaluation.clicks / card.evaluation.impressions),
        "config": yaml.safe_dump(card.lineage.config, sort_keys=False).strip(),
    }


def _months(card: ModelCard) -> Rows:
    return [
        (
            one.month,
            count(one.impressions),
            count(one.clicks),
            percent(one.clicks / one.impressions),
            count(one.rows_quarantined),
        )
        for one in card.lineage.months
    ]


def _columns(card: ModelCard) -> Rows:
    return [(role, ", ".join(names)) for role, names in card.lineage.columns.items()]


def _lineage(card: ModelCard) -> Rows:
    lineage = card.lineage
    return [
        ("version", card.version),
        ("trained on", lineage.trained_on),
        ("calibrated on", lineage.calibrated_on),
        ("tested on", lineage.tested_on),
        ("data", f"{count(lineage.files)} files, {lineage.sources}"),
        ("schema", f"{lineage.schema_name}, {lineage.schema_hash}"),
        ("configuration", lineage.config_hash),
        ("code", str(lineage.code)),
        ("judged against", lineage.judged_against or "no champion: the first version"),
        ("environment", ", ".join(_environment(card))),
    ]


def _environment(card: ModelCard) -> list[str]:
    packages = card.lineage.packages.items()
    return [f"Python {card.lineage.python}", *(f"{name} {version}" for name, version in packages)]
