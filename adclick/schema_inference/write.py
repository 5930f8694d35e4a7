"""A guessed schema as a YAML file that a person reads and corrects."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from adclick.columns import Column
from adclick.errors import AdclickError
from adclick.schema_inference.infer import Draft, infer_schema


def write_schema(uri: str, path: Path) -> Draft:
    """Infer the schema of the data at `uri` and write it to `path`; returns what was written.

    Raises AdclickError when the file is there already, cannot be written, or no schema can be
    guessed.
    """
    if path.exists():
        raise AdclickError(f"{path} is there already: remove it, or name another file with --out")
    draft = infer_schema(uri)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(as_yaml(draft, uri))
    except OSError as error:
        raise AdclickError(f"{path} cannot be written: {error.strerror}") from error
    return draft


def as_yaml(draft: Draft, uri: str) -> str:
    """The schema as YAML, in the file's order, with a line on each column of what was seen."""
    schema = draft.schema
    lines = [f"# Guessed from a sample of {_safe(uri)}: check it before you rely on it."]
    lines += [f"# {_safe(note)}" for note in draft.notes]
    lines += ["# models and their champions belong to this name", _entry("name", schema.name)]
    lines.append(_entry("rows", schema.rows))
    lines.append(_entry("max_bad_share", schema.max_bad_share))
    if schema.holdout:
        lines.append("# one month: shares of it, by a hash of the id, calibrate and test")
        lines.append(_entry("holdout", schema.holdout.model_dump()))
    lines.append("columns:")
    for name, column in schema.columns.items():
        lines += [f"  # {_safe(draft.why[name])}", f"  {_entry(name, _settings(column))}"]
    return "\n".join(lines) + "\n"


def _settings(column: Column) -> dict[str, Any]:
    settings = column.model_dump(mode="json", exclude_unset=True)
    return {key: _number(value) for key, value in settings.items()}


def _number(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _entry(key: str, value: Any) -> str:
    """`key: value` on one line, quoted where YAML would read it otherwise."""
    mapping = yaml.safe_dump(
        {key: value},
        default_flow_style=True,
        width=float("inf"),
        allow_unicode=True,
        sort_keys=False,
    )
    return str(mapping).strip()[1:-1]


def _safe(text: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in text)
