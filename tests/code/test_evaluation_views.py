"""What the pages of evaluation, decision, serving check and model card say."""

from __future__ import annotations

import math
import re

import markdown_it
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adclick.card.code_version import CodeVersion
from adclick.evaluation.condition import Condition
from adclick.evaluation.decision import Decision
from adclick.evaluation.evaluation import CHALLENGER, CHAMPION, LOGISTIC
from adclick.evaluation.intervals import Figure
from adclick.views.decision_page import decision_page
from adclick.views.evaluation_page import evaluation_page
from adclick.views.forest import Forest
from adclick.views.model_card import card_markdown, card_page
from adclick.views.serving_page import serving_page
from tests.cards import SERVING, card
from tests.evaluations import decision, estimate, evaluation, figure, model, slice_of
from tests.pages import HOSTILE, Page


@pytest.mark.parametrize(("champion", "against"), [(True, CHAMPION), (False, LOGISTIC)])
def test_evaluation_shows_each_figure_and_compares_with(champion: bool, against: str) -> None:
    page = Page(evaluation_page(evaluation(champion=champion)))
    heads = ["", CHALLENGER, *([CHAMPION] if champion else []), LOGISTIC, "constant"]
    assert page.row(*heads) == heads
    assert page.row("AUC")[1] == "0.7000 [0.6877, 0.7456]"
    assert page.row("logloss")[1] == "0.16427 [0.15197, 0.20987]"
    leads = page.rows[page.rows.index(["challenger minus", *heads[2:]]) :]
    found = {row[0]: row[1] for row in leads}
    assert found["AUC"] == "+0.0211 better [+0.0088, +0.0667]"
    assert found["logloss"] == "−0.09812 better [−0.11042, −0.05252]"
    assert f"better than {against}" in page.text
    row = page.row("news: news05,000, 2.00 %")
    assert row[1:3] == ["0.630", "0.600"] and row[4] == "+0.0300[+0.0100, +0.0500]"
    assert "12,345 impressions, 678 clicks (5.49 %)" in page.text
    assert "by 64 creatives" in page.text
    assert ("No champion yet" in page.text) is not champion


def test_lead_is_better_unclear_or_worse_by_its_interval() -> None:
    unclear, worse = Figure(value=0.01, low=-0.01, high=0.02), figure(0.5)
    other = model(LOGISTIC, 0.6).model_copy(
        update={"challenger_minus": {"auc": unclear, "logloss": worse}}
    )
    models = (model(CHALLENGER, 0.6), other)
    found = evaluation(champion=False).model_copy(update={"models": models})
    page = Page(evaluation_page(found))
    leads = page.rows[page.rows.index(["challenger minus", LOGISTIC]) :]
    assert "unclear" in leads[1][1] and "worse" in leads[2][1]
    assert page.text.strip().startswith("WORSE the challenger predicts worse than the logistic")


def test_the_first_line_is_the_verdict_or_who_predicts_better() -> None:
    found, kept = evaluation(), decision("because")
    promoted = Decision(promote=True, reason="why not", conditions=())
    for html, said in [
        (evaluation_page(found, kept), "KEEP because"),
        (evaluation_page(found, promoted), "PROMOTE why not"),
        (evaluation_page(found), "BETTER the challenger predicts better than the champion news:"),
    ]:
        assert Page(html).text.strip().startswith(said)


def test_evaluation_without_clicks_in_a_slice_or_a_bin() -> None:
    nothing = evaluation(observed=0.0).model_copy(update={"champion_saw_test": True})
    empty = nothing.slices[0].model_copy(update={"leads": {"auc": estimate(math.nan)}, "clicks": 0})
    unsure = nothing.calibration_curve[0].model_copy(update={"low": math.nan, "high": math.nan})
    html = evaluation_page(
        nothing.model_copy(update={"slices": (empty,), "calibration_curve": (unsure,)})
    )
    assert "nan" not in html and "flatter" in html
    assert "enough impressions" in html
    assert "enough impressions" in evaluation_page(evaluation(slices=0))


def test_the_slices_that_are_shown_first_are_the_worst_and_the_best() -> None:
    leads = [0.001 * (n - 20) for n in range(60)]
    slices = tuple(slice_of("site", f"s{n}", lead, n) for n, lead in enumerate(leads))
    few = slice_of("site", "few", -0.5).model_copy(update={"clicks": 3})
    page = Page(evaluation_page(evaluation().model_copy(update={"slices": (few, *slices)})))
    shown = [row[0].split(": ")[1] for row in page.rows if row[0].startswith("site: ")]
    first = [name.split("4,")[0].split("5,")[0] for name in shown[:14]]
    assert first == [f"s{n}" for n in (*range(7), *range(53, 60))]
    assert len(shown) == 14 + 61 and "All 61 slices" in page.text


@given(st.lists(st.tuples(st.floats(-1, 1), st.floats(0, 2)), max_size=20))
def test_a_forest_keeps_within_its_column(leads: list[tuple[float, float]]) -> None:
    figures = [estimate(value, reach) for value, reach in leads]
    forest = Forest.of(figures, better=1)
    drawn = [forest.row(one, "x") for one in figures]
    places = re.findall(r'(?:x1|x2|cx)="([\d.]+)%"', "".join(drawn))
    assert all(2 <= float(place) <= 98 for place in places)
    for one, mark in zip(figures, drawn, strict=True):
        verdict = "better" if one.low > 0 else "worse" if one.high < 0 else "unclear"
        assert f'class="{verdict}"' in mark


def test_a_decision_says_of_each_condition_whether_it_holds() -> None:
    common = {"figure": "0.5", "bound": "at least 0.6"}
    conditions = (
        Condition(name="a", holds=True, **common),
        Condition(name="b", holds=False, **common),
        Condition(name="c", holds=False, undecided=True, rows_needed=7, **common),
    )
    made = Decision(promote=False, reason="so", conditions=conditions)
    rows = Page(decision_page(made)).rows[1:]
    assert [row[:3] for row in rows] == [[c.name, c.figure, c.bound] for c in conditions]
    assert [row[3] for row in rows] == ["✓ holds", "✗ fails", "? undecided"]
    assert "| c | 0.5 | at least 0.6 | undecided |" in card_markdown(card(evaluation(), made))


def test_serving_page_says_first_what_is_wrong() -> None:
    page = Page(serving_page(SERVING))
    assert "differ" not in page.text.split("figure")[0] and "no score" not in page.text
    assert page.row("largest difference from an offline score")[1] == "2.5e-08"
    assert page.row("128 candidates, p50 / p99")[1] == "2.5 / 9.8 ms"
    bad = SERVING.model_copy(
        update={"failed": 3, "failure": "row 0: too old", "skew": "row i7 is served 0.5; age"}
    )
    page = Page(serving_page(bad))
    said = page.text.split("requests replayed")[0]
    assert "3 requests got no score" in said and "row 0: too old" in said
    assert "differ: row i7 is served 0.5; age" in said


def test_a_card_says_what_a_version_is_and_where_it_comes_from() -> None:
    page = Page(card_page(card(evaluation(), decision("because"))))
    assert page.text.strip().startswith("KEEP because")
    assert page.row("2024-01") == ["2024-01", "1,000", "25", "2.50 %", "7"]
    assert page.row("code")[1] == "cccccccccccc"
    assert page.row("judged against")[1] == "no champion: the first version"
    assert page.row("environment")[1] == "Python 3.12.1, tensorflow 2.20.0"
    assert page.row("categorical")[1] == "v1, device"
    assert page.row("AUC")[1] == "0.7000 [0.6877, 0.7456]"
    assert page.row("memory of the server")[1] == "135 MB"
    assert "epochs: 4" in page.text


def test_a_card_of_code_that_was_not_committed_says_so_among_its_limits() -> None:
    clean = card(evaluation(), decision("because"))
    dirty = CodeVersion(commit="c" * 40, changed=("run.py",))
    said = "It cannot be made again from a commit alone"
    assert said not in card_page(clean)
    for code in (dirty, CodeVersion()):
        made = card(evaluation(), decision("because"), code=code)
        assert said in card_page(made) and said in card_markdown(made)


@pytest.mark.parametrize("text", [HOSTILE, "a|b", "`x` *y* [z](javascript:a) # h", "two\nlines"])
def test_a_card_as_markdown_shows_hostile_data_as_text(text: str) -> None:
    made = card(evaluation(text=text), decision(text), text)
    told = card_markdown(made)
    assert told.startswith("# Model card: adclick-shops ")
    tokens = markdown_it.MarkdownIt("commonmark").enable("table").parse(told)
    shown = " ".join(part.content for t in tokens for part in t.children or () if part.content)
    assert " ".join(text.split()) in " ".join(shown.split())
    inline = {part.type for token in tokens for part in token.children or ()}
    assert inline <= {"text", "text_special", "softbreak", "strong_open", "strong_close"}
    assert not {"html_block", "fence", "code_block"} & {token.type for token in tokens}
    cells = [t for t in tokens if t.type in ("th_open", "tr_open")]
    assert cells


def test_a_card_as_markdown_has_the_figures_of_the_page() -> None:
    told = card_markdown(card(evaluation(), decision("because")))
    assert "**KEEP**: because" in told
    assert "| AUC | 0.7000 \\[0.6877, 0.7456\\] |" in told
    assert "| code | cccccccccccc |" in told
