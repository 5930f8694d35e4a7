"""The skeleton that all pages share: templates that escape what they show, and tables."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from adclick.views import text

MOST_ROWS = 200

_environment = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_environment.filters |= {"count": text.count, "percent": text.percent, "size": text.size}


def render(template: str, **values: object) -> str:
    """The template's HTML with these values in it, escaped unless they are Markup."""
    return _environment.get_template(template).render(values)


def table(
    heads: Sequence[str],
    rows: Sequence[Sequence[str]],
    text_columns: int = 1,
    most: int = MOST_ROWS,
) -> Markup:
    """A table whose first `text_columns` columns are text and whose others are numbers.

    Shows `most` rows and says how many more there are, so that a page stays small however large
    the data is.
    """
    return Markup(
        render(
            "table.html.j2",
            heads=heads,
            rows=rows[:most],
            text_columns=text_columns,
            more=len(rows) - most,
        )
    )
