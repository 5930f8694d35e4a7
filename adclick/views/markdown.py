"""Markdown for where no page is shown: templates that escape what they show, and tables."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

# what Markdown, or the HTML that it may hold, would take for its own
SPECIAL = re.compile(r"([\\`*_{}\[\]<>&#|~$])")

_environment = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    # by the filter below: HTML's escapes are none in Markdown
    autoescape=False,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def escaped(text: object) -> str:
    """The text as Markdown that shows it as it is, in one line."""
    return SPECIAL.sub(r"\\\1", " ".join(str(text).split()))


_environment.filters["md"] = escaped


def render_markdown(template: str, **values: object) -> str:
    """The template's Markdown with these values in it; it names what is to be escaped (`md`)."""
    return _environment.get_template(template).render(values)


def markdown_table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table whose first column is text and whose others are numbers."""
    lines = [heads, ["---", *["---:"] * (len(heads) - 1)], *rows]
    # the second line is Markdown itself
    cells = [line if place == 1 else map(escaped, line) for place, line in enumerate(lines)]
    return "\n".join(f"| {' | '.join(line)} |" for line in cells)
