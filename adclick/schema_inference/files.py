"""Which files below a folder hold the rows, as the `rows` pattern of a schema."""

from __future__ import annotations

import glob
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from os.path import commonprefix

import fsspec

from adclick.adlog import SourceFile
from adclick.errors import AdclickError
from adclick.ingest.formats import format_of, header_of
from adclick.ingest.selection import MONTH
from adclick.ingest.sources import Source, find_source, open_folder
from adclick.schema import MONTH_PLACEHOLDER, Schema

SUFFIXES = (".csv", ".csv.gz", ".csv.zst", ".gz", ".zst", ".zstd", ".parquet", ".pq")
DEPTH = 5
MONTHS_LISTED = 3
FOLDERS_LISTED = 100
GROUPS_READ = 20
# stand for {month} and * in paths that may themselves hold braces and stars
ANY_MONTH, ANY = "\0", "\1"


@dataclass(frozen=True)
class RowFiles:
    """The `rows` pattern, the files that it finds, and paths of row files that it leaves out."""

    pattern: str
    source: Source
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Group:
    """Files whose paths differ in months and numbers only."""

    shape: str
    files: tuple[SourceFile, ...]

    @property
    def size(self) -> int:
        return sum(file.size for file in self.files)


def find_row_files(uri: str) -> RowFiles:
    """The files with rows below `uri` (a folder or any fsspec URL) and the pattern that finds them.

    Files whose headers hold the same columns belong together; where there are several such sets,
    the one of most bytes is taken. Raises AdclickError when no file can be read as rows.
    """
    filesystem, root = open_folder(uri)
    files = _row_files(filesystem, root)
    if not files:
        kinds = ", ".join(SUFFIXES)
        raise AdclickError(f"no rows below {uri}: no file there ends in {kinds}")
    groups = _same_columns(_groups(files))
    source = _merged(uri, groups, files) or _find(uri, _pattern(groups[0].shape))
    taken = {file.uri for file in source[1].files}
    left = tuple(path for path, file in files.items() if file.uri not in taken)
    return RowFiles(*source, left)


def find_rows(uri: str, pattern: str) -> Source:
    """The files that match a `rows` pattern, before there is a schema."""
    # only `rows` and `name` of a schema say which files there are
    return find_source(uri, Schema.model_construct(name="inferred", rows=pattern, columns={}))


def _row_files(filesystem: fsspec.AbstractFileSystem, root: str) -> dict[str, SourceFile]:
    """Files that may hold rows by their path below `root`, in order of path."""
    found = {}
    for _, folders, files in filesystem.walk(root, maxdepth=DEPTH, detail=True):
        _keep_some(folders)
        for name, info in files.items():
            if name.lower().endswith(SUFFIXES) and not name.startswith((".", "_")) and info["size"]:
                path = info["name"].removeprefix(root).lstrip("/")
                address = filesystem.unstrip_protocol(info["name"])
                size = info["size"]
                found[path] = SourceFile(uri=address, month=None, size=size, generation="")
    return dict(sorted(found.items()))


def _keep_some(folders: dict[str, object]) -> None:
    """Leaves the folders that are worth a listing: the months are alike, and may be hundreds."""
    visible = sorted(name for name in folders if not name.startswith((".", "_")))
    months = [name for name in visible if MONTH.search(name)]
    kept = {months[len(months) * part // MONTHS_LISTED] for part in range(MONTHS_LISTED) if months}
    kept |= set(months[-1:])
    kept |= set([name for name in visible if not MONTH.search(name)][:FOLDERS_LISTED])
    for name in set(folders) - kept:
        del folders[name]


def _groups(files: dict[str, SourceFile]) -> list[_Group]:
    by_shape: defaultdict[str, dict[str, list[SourceFile]]] = defaultdict(dict)
    for path, file in files.items():
        shape = MONTH.sub(ANY_MONTH, path)
        by_shape[re.sub(r"\d+", ANY, shape)].setdefault(shape, []).append(file)
    groups = []
    for general, shapes in by_shape.items():
        shape = next(iter(shapes)) if len(shapes) == 1 else general
        groups.append(_Group(shape, tuple(file for some in shapes.values() for file in some)))
    return sorted(groups, key=lambda group: group.size, reverse=True)


def _same_columns(groups: list[_Group]) -> list[_Group]:
    """The groups that share a set of columns, of those sets that with the most bytes."""
    sets: defaultdict[frozenset[str], list[_Group]] = defaultdict(list)
    refused: list[AdclickError] = []
    for group in groups[:GROUPS_READ]:
        largest = max(group.files, key=lambda file: file.size)
        try:
            sets[frozenset(header_of(largest, format_of(largest)).names)].append(group)
        except AdclickError as error:
            refused.append(error)
    if not sets:
        raise refused[0]
    return max(sets.values(), key=lambda some: sum(group.size for group in some))


def _merged(
    uri: str, groups: list[_Group], files: dict[str, SourceFile]
) -> tuple[str, Source] | None:
    """One pattern for all groups; None where it would find other files too."""
    shapes = [group.shape.split("/") for group in groups]
    if len({len(shape) for shape in shapes}) > 1:
        return None
    pattern, source = _find(uri, _pattern("/".join(map(_common, zip(*shapes, strict=True)))))
    own = {file.uri for group in groups for file in group.files}
    looked_at = {file.uri for file in files.values()}
    found = {file.uri for file in source.files}
    strange = any(not file.uri.lower().endswith(SUFFIXES) for file in source.files)
    return None if strange or (found & looked_at) != own else (pattern, source)


def _common(parts: Sequence[str]) -> str:
    if len(set(parts)) == 1:
        return parts[0]
    start = commonprefix(parts)  # noqa: RUF071  (letter by letter is meant)
    rests = [part[len(start) :] for part in parts]
    end = commonprefix([rest[::-1] for rest in rests])[::-1]  # noqa: RUF071
    return f"{start}{ANY}{end}"


def _pattern(shape: str) -> str:
    return "".join(_pieces(shape))


def _pieces(shape: str) -> Iterator[str]:
    for piece in re.split(f"({ANY_MONTH}|{ANY}+)", shape):
        if piece == ANY_MONTH:
            yield MONTH_PLACEHOLDER
        elif piece.startswith(ANY):
            yield "*"
        else:
            yield glob.escape(piece)


def _find(uri: str, pattern: str) -> tuple[str, Source]:
    return pattern, find_rows(uri, pattern)
