"""The HTML pages: what they say, that they escape data, stay small and need nothing else."""

from __future__ import annotations

import math
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from adclick.adlog import AdLog, CreativeFiles, Month, SourceFile
from adclick.canary.judgement import CanaryCondition
from adclick.canary.trial import CanaryTrial
from adclick.encoding.encoder import CategoricalEncoding, FeatureEncoder, NumericEncoding
from adclick.explanation.explanation import AdEffect, Explanation, Importance, Pictures
from adclick.model.calibration import Calibration
from adclick.scoring.scores import ScoredMonth, Scores
from adclick.statistics.anomaly import Anomaly
from adclick.statistics.log import LogStatistics, Validation
from adclick.statistics.month import MonthStatistics, NumbersOfColumn, ValuesOfColumn
from adclick.thumbnails import data_uri
from adclick.training.options import TrainingOptions
from adclick.training.trials import Trial, Trials
from adclick.views.adlog_page import adlog_page
from adclick.views.decision_page import decision_page
from adclick.views.encoder_page import encoder_page
from adclick.views.evaluation_page import evaluation_page
from adclick.views.explanation_page import explanation_page
from adclick.views.model_card import card_page
from adclick.views.model_page import model_page
from adclick.views.scores_page import scores_page
from adclick.views.serving_page import serving_page
from adclick.views.statistics_page import statistics_page, validation_page
from adclick.views.svg import linear_axis, log_axis
from adclick.views.text import size
from adclick.views.trial_page import trial_page
from adclick.views.trials_page import trials_page
from tests.bundles import tiny_schema
from tests.cards import SERVING, card
from tests.evaluations import decision, evaluation
from tests.pages import HOSTILE, Page

MOST_BYTES = 300_000


def month(
    name: str, reasons: dict[str, int], clicks: int = 31, undeclared: tuple[str, ...] = ()
) -> Month:
    return Month(
        month=name,
        files=(),
        quarantine="q",
        rows_kept=1_000,
        rows_quarantined=sum(reasons.values()),
        reasons=reasons,
        defaults={"age": 17} if reasons else {},
        impressions=1_234,
        clicks=clicks,
        first=datetime(2026, 1, 1, tzinfo=UTC),
        last=datetime(2026, 1, 31, tzinfo=UTC),
        undeclared_columns=undeclared,
    )


def log(folder: Path, *, text: str = "ad", creatives: int = 0, months: int = 2) -> AdLog:
    shape = (96, 96, 3)
    if creatives:
        ids = [f"{text}{i}" for i in range(creatives)]
        pq.write_table(pa.table({"creative": ids}), folder / "ids")
        noise = np.random.default_rng(1).integers(0, 256, (creatives, *shape), np.uint8)
        (folder / "images").write_bytes(noise.tobytes())
    return AdLog(
        root=str(folder),
        ad_schema=tiny_schema(images=creatives > 0),
        sources=tuple(
            SourceFile(uri=f"{text}{i}", month=None, size=1_234_567, generation="1")
            for i in range(100)
        ),
        months=tuple(
            month(
                f"2026-{i + 1:02}",
                {f"{text}{j}": 40 - j for j in range(30)},
                undeclared=tuple(f"{text}{j}" for j in range(60)),
            )
            for i in range(months)
        ),
        creative_files=CreativeFiles(ids="ids", images="images", count=creatives, shape=shape)
        if creatives
        else None,
    )


def encoder(text: str = "news", columns: int = 1) -> FeatureEncoder:
    values = tuple(f"{text}{i}" for i in range(9))
    return FeatureEncoder(
        time=text,
        categorical=tuple(
            CategoricalEncoding(name=f"{text}{i}", values=values) for i in range(columns)
        ),
        numeric=(
            NumericEncoding(
                name=text, log=False, mean=34.5678, scale=12.3, edges=(-1.5, 20, 12345.6)
            ),
            NumericEncoding(name="bid", log=True, mean=1.2, scale=0.4, edges=(math.log1p(7.0),)),
        ),
    )


def trial(text: str) -> CanaryTrial:
    condition = CanaryCondition(name=text, figure=text, bound=text, outcome="fails")
    return CanaryTrial(
        version=text,
        champion=text,
        outcome="rolled back",
        reason=text,
        conditions=(condition,),
        seconds=61.2,
        replayed=1234,
        replayed_from=text,
    )


def described(text: str = "news", columns: int = 1, months: int = 2) -> LogStatistics:
    values = tuple(f"{text}{i}" for i in range(15))
    column = ValuesOfColumn(
        missing=40,
        defaults=30,
        distinct=23_456,
        undercount=7,
        values=values,
        impressions=tuple(range(115, 100, -1)),
        clicks=(23, *[0] * 14),
    )
    number = NumbersOfColumn(
        missing=0,
        defaults=0,
        least=-1,
        most=5_000,
        mean=12.34567,
        deviation=3,
        zeros=617,
        quantiles=(0, 0.5, 1, 2.5, 4, 77.7, 99),
        buckets=(16384, 24512, 24600),
        counts=(617, 600, 17),
    )
    month = MonthStatistics(
        month="2026-01",
        rows=1_000,
        rows_quarantined=600,
        reasons={text: 600},
        impressions=1_234,
        clicks=31,
        effective_rows=900.5,
        effective_creatives=None,
        impressions_by_day=(41,) * 30 + (4,),
        clicks_by_day=(1,) * 31,
        impressions_by_hour=(0, 1_234, *[0] * 22),
        clicks_by_hour=(0, 31, *[0] * 22),
        creative=text,
        of_creative=(),
        text={text: column} | {f"{text}{i}": column for i in range(columns)},
        numeric={f"{text} bid{i}": number for i in range(columns)},
    )
    anomaly = Anomaly(
        severity="warning", month="2026-02", check="missing", column=f"{text}0", what=text
    )
    stopping = Anomaly(severity="error", month="2026-02", check="clicks", column=None, what="stop")
    return LogStatistics(
        name=text,
        months=tuple(month.model_copy(update={"month": f"2026-{i + 1:02}"}) for i in range(months)),
        anomalies=(*(anomaly,) * columns, stopping),
    )


def scored(text: str, months: int = 2) -> Scores:
    month = ScoredMonth(
        month="2026-01",
        folder="2026-01-0a1b",
        files=("2026-01-0a1b/scores/0.parquet",),
        unscored="2026-01-0a1b/unscored.parquet",
        rows_in=1_300,
        rows_scored=1_200,
        rows_unscored=100,
        reasons={f"{text}{number}": 1 for number in range(100)},
        creatives={"known": 1_000, "unknown": 200},
        images_embedded=0,
    )
    return Scores(root=text, data=text, model=text, version=text, months=(month,) * months)


PAGES: dict[str, Callable[[str, Path], str]] = {
    "evaluation": lambda text, _: evaluation_page(
        evaluation(text=text, slices=400), decision(text)
    ),
    "card": lambda text, _: card_page(
        card(evaluation(text=text, slices=400), decision(text), text)
    ),
    "serving": lambda text, _: serving_page(SERVING.model_copy(update={"skew": text})),
    "decision": lambda text, _: decision_page(decision(text)),
    "trial": lambda text, _: trial_page(trial(text)),
    "adlog": lambda text, folder: adlog_page(log(folder, text=text, creatives=30)),
    "model": lambda text, _: model_page([0.2], {text: 7}, Calibration(), [text]),
    "encoder": lambda text, _: encoder_page(encoder(text, columns=400)),
    "statistics": lambda text, _: statistics_page(described(text, columns=200, months=12)),
    "scores": lambda text, _: scores_page(scored(text, months=300)),
    "trials": lambda text, _: trials_page(tried(text, 60)),
    "explanation": lambda text, _: explanation_page(explained(text, groups=300)),
    "validation": lambda text, _: validation_page(
        Validation(anomalies=described(text, columns=400).anomalies)
    ),
}


@pytest.mark.parametrize("name", PAGES)
def test_hostile_data_is_shown_as_text_on_a_page_that_needs_nothing_else(
    name: str, tmp_path: Path
) -> None:
    html = PAGES[name](HOSTILE, tmp_path)
    page = Page(html)
    assert HOSTILE in page.text
    assert not {"script", "link", "iframe", "a", "object"} & set(page.tags)
    for attribute, value in page.attributes:
        assert not attribute.startswith("on") and attribute != "href"
        assert attribute != "src" or str(value).startswith("data:image/jpeg;base64,")
    assert "url(" not in html and "@import" not in html


@pytest.mark.parametrize("name", PAGES)
def test_pages_stay_small_however_long_the_data(name: str, tmp_path: Path) -> None:
    assert len(PAGES[name]('"' * 200, tmp_path).encode()) < MOST_BYTES


@pytest.mark.parametrize("name", PAGES)
def test_drawings_are_well_formed_and_within_their_frame(name: str, tmp_path: Path) -> None:
    for drawing in re.findall(r"<svg.*?</svg>", PAGES[name]("x", tmp_path), re.DOTALL):
        root = ET.fromstring(drawing)
        if "viewBox" not in root.attrib:
            # as wide as its column: places are in per cent
            places = [circle.attrib["cx"] for circle in root.iter("circle")]
            assert all(0 <= float(place.removesuffix("%")) <= 100 for place in places)
            continue
        _, _, width, height = map(float, root.attrib["viewBox"].split())
        for circle in root.iter("circle"):
            assert 0 <= float(circle.attrib["cx"]) <= width
            assert 0 <= float(circle.attrib["cy"]) <= height


def explained(text: str, groups: int) -> Explanation:
    """Columns that matter less and less, and pictures of noise that count in one corner."""
    noise = np.random.default_rng(0).integers(0, 255, (63, 75, 3), dtype=np.uint8)

    def ads(sign: int) -> tuple[AdEffect, ...]:
        heat = tuple(tuple(sign * float(x + y == 0) for x in range(9)) for y in range(9))
        picture = data_uri(noise)
        return tuple(
            AdEffect(creative=text, effect=sign * 0.4 / i, picture=picture, heat=heat)
            for i in range(1, 7)
        )

    return Explanation(
        tested_on=text,
        rows=9_876,
        importances=tuple(
            Importance(
                group=f"{text} {i}", logloss=0.01 / i, least=0.008 / i, most=0.012 / i, auc=0.02 / i
            )
            for i in range(1, groups + 1)
        ),
        pictures=Pictures(highest=ads(1), lowest=ads(-1), count=321, spread=0.2),
    )


def test_an_explanation_ranks_columns_and_shows_what_counts_in_pictures() -> None:
    html = explanation_page(explained("site", groups=2))
    page = Page(html)
    assert page.row("site 2")[2:] == ["+0.00500", "+0.00400 to +0.00600", "−0.0100"]
    assert page.tags.count("img") == 24
    assert "odds × 1.49" in page.text and "odds × 0.67" in page.text
    assert html.count('fill-opacity="0.75"') == 12
    nothing = Pictures(highest=(), lowest=(), count=0, spread=0.0)
    blind = explained("site", 2).model_copy(update={"pictures": nothing})
    assert "Pictures" not in Page(explanation_page(blind)).text


def tried(text: str, count: int) -> Trials:
    """Trials whose every fourth failed."""
    return Trials(
        trials=tuple(
            Trial(
                settings={"l2": 0.1 / (i + 1), text: i} if i else {},
                logloss=None if i % 4 == 3 else 0.5 - i / 1000,
                seconds=12.0,
                reason=text if i % 4 == 3 else None,
            )
            for i in range(count)
        ),
        best=count - 2,
        options=TrainingOptions(),
        trained_on=text,
        tested_on=text,
    )


def test_trials_are_shown_the_best_first() -> None:
    page = Page(trials_page(tried("depth", 8)))
    assert page.rows[0] == ["trial", "l2", "depth", "logloss", "seconds"]
    assert page.rows[1] == ["7", "0.01429", "6", "0.49400", "12"]
    assert [row[0] for row in page.rows[1:]] == ["7", "6", "5", "3", "2", "1", "4", "8"]
    assert page.row("1")[1:3] == ["as configured"] * 2
    assert page.row("4")[3] == "depth"
    assert "Trial 7 of 8 is the best" in page.text
    assert "0.00600 lower" in page.text


def test_a_trial_shows_every_condition_and_what_was_replayed() -> None:
    page = Page(trial_page(trial("so")))
    assert page.rows[1:] == [["so", "so", "so", "✗ fails"]]
    assert "1,234 requests were replayed" in page.text
    none = CanaryTrial(version="v", champion=None, outcome="no trial", reason="nothing serves")
    assert "Conditions" not in Page(trial_page(none)).text


def test_adlog_counts_add_up(tmp_path: Path) -> None:
    page = Page(adlog_page(log(tmp_path)))
    assert "3,530 rows in = 2,000 kept + 1,530 quarantined (43.34 %" in page.text
    assert page.row("2026-02")[1:] == [
        "1,765",
        "1,000",
        "765",
        "43.34 %",
        "1,234",
        "31",
        "2.51 %",
    ]
    assert page.row("ad0") == ["ad0", "80", "2.27 %"]
    assert page.row("age") == ["age", "34", "0.96 %"]
    assert ["and 10 more"] in page.rows and ["and 50 more"] in page.rows
    assert page.row("ad0", "by time") == ["ad0", "by time", "1.2 MB"]
    assert "img" not in page.tags


def test_scores_counts_add_up_with_every_reason() -> None:
    page = Page(scores_page(scored("x")))
    assert "2,600 rows in = 2,400 scored + 200 without a score" in page.text
    assert page.row("2026-01")[1:] == ["1,300", "1,200", "100", "7.69 %", "1,000", "0", "200"]
    assert page.row("x7")[1:] == ["2", "0.08 %"]
    one = scored("x").months[0].model_copy(update={"rows_unscored": 0, "reasons": {}})
    whole = scored("x").model_copy(update={"months": (one,)})
    assert "Every row has a score." in Page(scores_page(whole)).text


def test_adlog_shows_at_most_24_creatives_from_first_to_last(tmp_path: Path) -> None:
    page = Page(adlog_page(log(tmp_path, creatives=30)))
    assert page.tags.count("img") == 24
    assert "24 of 30" in page.text and "ad29" in page.text
    assert Page(adlog_page(log(tmp_path, creatives=1))).tags.count("img") == 1


def test_adlog_of_one_clean_month_draws_no_chart(tmp_path: Path) -> None:
    clean = log(tmp_path).model_copy(update={"months": (month("2026-01", {}, clicks=0),)})
    page = Page(adlog_page(clean))
    assert "No row was quarantined" in page.text and "svg" not in page.tags


def test_model_page_names_the_best_epoch_and_all_parameters() -> None:
    losses = (0.20111, 0.18222, 0.18333, math.nan)
    html = model_page(
        losses, {"a": 750, "b": 250}, Calibration(slope=2, intercept=-0.5), ["2026-01"]
    )
    page = Page(html)
    assert "logloss 0.18222 after epoch 2" in page.text and "1,000 parameters" in page.text
    assert [page.row(str(i))[1] for i in (1, 2, 3, 4)] == ["0.20111", "0.18222", "0.18333", "n/a"]
    assert page.row("a") == ["a", "750", "75.00 %"]
    assert page.row("calibrated")[-1] == "37.75 %"
    assert "becomes: sigmoid(2.0000 × logit -0.5000)" in page.text
    assert "No finite number" in model_page([math.nan], {"a": 1}, Calibration(), ["2026-01"])


def test_encoder_page_gives_edges_in_the_columns_own_unit() -> None:
    page = Page(encoder_page(encoder()))
    assert page.row("news0") == [
        "news0",
        "news0, news1, news2, news3, news4, news5, …",
        "10",
    ]
    assert page.row("news") == ["news", "−1.5; 20; 12,346", "value", "34.57", "12.3", "4"]
    assert page.row("bid") == ["bid", "7", "log(1 + value)", "1.2", "0.4", "2"]


def test_statistics_page_shows_what_is_unusual_first() -> None:
    html = statistics_page(described())
    page = Page(html)
    assert html.index("Anomalies") < html.index("Months")
    assert [row[0] for row in page.rows[1:3]] == ["error", "warning"]
    assert page.row("warning") == ["warning", "2026-02", "news0", "missing", "news"]
    assert page.row("2026-02")[1:] == ["1,000", "37.50 %", "1,234", "2.51 %", "23,456"]
    quiet = described().model_copy(update={"anomalies": ()})
    assert "Nothing unusual" in Page(statistics_page(quiet)).text
    assert "Nothing unusual" in Page(validation_page(Validation(anomalies=()))).text


def test_statistics_page_has_a_row_a_column_with_every_month() -> None:
    page = Page(statistics_page(described(months=8)))
    text, number = page.row("news"), page.row("news bid0")
    assert text[1].startswith("news0 9.32 %, 20.00 %news1 9.24 %, 0.00 %")
    assert text[2:4] == ["about 23,456", "2.50 %after 2.50 %"]
    assert number[1:7] == ["12.35", "0.5", "2.5", "77.7", "50.00 %", "none"]
    assert len(text) - 4 == len(number) - 7 == 6
    assert page.row("column")[4:] == [f"2026-0{month}" for month in range(3, 9)]
    unusual = [row[0] for row in page.rows if row[0].startswith("news")]
    assert unusual == ["news0", "news", "news bid0"]


def test_statistics_page_of_one_month_without_numbers() -> None:
    one = described(months=1)
    month = one.months[0].model_copy(update={"numeric": {}, "creative": None})
    page = Page(statistics_page(one.model_copy(update={"months": (month,)})))
    assert page.row("news")[3] == "2.50 %"
    assert "Numeric" not in page.text


@example(1.0, 2.3e-16)
@example(0.0, 5e-324)
@example(0.0, 0.0)
@given(st.floats(-1e9, 1e9), st.floats(0, 1e9))
def test_linear_axis_covers_its_values_with_few_ticks(low: float, width: float) -> None:
    high = low + width
    axis = linear_axis(low, high, 0, 100)
    assert 2 <= len(axis.ticks) <= 8
    assert -0.01 <= axis.at(low) <= axis.at(high) <= 100.01
    assert len(set(axis.labels)) == len(axis.labels)


@given(st.floats(1e-6, 1), st.floats(1e-6, 1))
def test_log_axis_covers_its_values(one: float, other: float) -> None:
    low, high = sorted((one, other))
    axis = log_axis(low, high, 0, 100)
    assert 2 <= len(axis.ticks) <= 11
    assert -0.01 <= axis.at(low) <= axis.at(high) <= 100.01


def test_sizes_in_a_unit_below_a_thousand() -> None:
    assert [size(n) for n in (0, 999, 1_000, 999_949, 999_950, 5 * 10**15)] == [
        "0 B",
        "999 B",
        "1.0 kB",
        "999.9 kB",
        "1.0 MB",
        "5,000.0 TB",
    ]
