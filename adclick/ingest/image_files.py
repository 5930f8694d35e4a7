"""Which image each creative of a month has, and whether it is the one that was seen before."""

from __future__ import annotations

import posixpath
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import Any

import fsspec
import numpy as np
import pyarrow as pa

from adclick.addresses import image_address
from adclick.errors import AdclickError
from adclick.ingest.hashes import hash_ids
from adclick.ingest.image_unit import MISSING, ImageFile, names_no_file
from adclick.ingest.month_unit import PlacedPart
from adclick.ingest.parts import CREATIVES_FILE, read_part

GROUP = 64  # creatives of a unit, up to twice as many
UNLISTED = ("http", "https")  # addresses whose files nothing lists

type Listed = tuple[int | None, str | None]  # size and version


def month_images(
    root: str, parts: Sequence[PlacedPart], known: Collection[str]
) -> tuple[list[ImageFile], dict[str, str]]:
    """The images of a month's creatives that are not `known`, and why some have none.

    A creative that has several paths in a month has the first of them in the alphabet.
    """
    addresses: dict[str, str] = {}
    problems: dict[str, str] = {}
    for placed in parts:
        if not placed.part.creatives:
            continue
        pairs = read_part(root, placed.part, CREATIVES_FILE).to_pydict()
        for creative, image in zip(pairs["creative"], pairs["image"], strict=True):
            if creative not in known:
                address = image_address(placed.unit.file.uri, image)
                addresses[creative] = min(address, addresses.get(creative, address))
    listed = list_images(sorted(set(addresses.values())))
    found = []
    for creative, address in sorted(addresses.items()):
        if address in listed:
            size, version = listed[address]
            image = ImageFile(creative=creative, uri=address, size=size, version=version)
            found.append(image)
        else:
            problems[creative] = MISSING
    return found, problems


def groups_of(images: Sequence[ImageFile]) -> list[tuple[ImageFile, ...]]:
    """The images in groups by a hash of the creative: one more creative changes one group only."""
    if not images:
        return []
    hashes = hash_ids(pa.array([image.creative for image in images]))
    count = 1 << max(0, (len(images) // GROUP).bit_length() - 1)
    groups: list[list[ImageFile]] = [[] for _ in range(count)]
    for image, group in zip(images, (hashes % np.uint64(count)).tolist(), strict=True):
        groups[group].append(image)
    return [tuple(group) for group in groups if group]


def list_images(addresses: Sequence[str]) -> dict[str, Listed]:
    """Size and version of the files that are there, by address."""
    by_folder: defaultdict[str, list[str]] = defaultdict(list)
    for address in addresses:
        by_folder[posixpath.dirname(address)].append(address)
    listed: dict[str, Listed] = {}
    for folder, files in by_folder.items():
        listed |= _list_folder(folder, files)
    return listed


def _list_folder(folder: str, addresses: Sequence[str]) -> dict[str, Listed]:
    scheme = folder.partition("://")[0]
    if scheme in UNLISTED:
        return dict.fromkeys(addresses, (None, None))
    try:
        filesystem, path = fsspec.core.url_to_fs(folder)
    except ImportError as error:
        raise AdclickError(f"images in {folder} cannot be read here: {error}") from error
    except ValueError:
        return {}
    if scheme == "file":
        return _list_files(filesystem, addresses)
    try:
        found = filesystem.ls(path, detail=True, refresh=True)
    except FileNotFoundError:
        return {}
    there = {info["name"]: _listed(info) for info in found if info["type"] == "file"}
    names = {address: filesystem._strip_protocol(address) for address in addresses}
    return {address: there[name] for address, name in names.items() if name in there}


def _list_files(
    filesystem: fsspec.AbstractFileSystem, addresses: Iterable[str]
) -> dict[str, Listed]:
    listed = {}
    for address in addresses:
        try:
            info = filesystem.info(address)
        except (OSError, ValueError) as error:
            if not names_no_file(error):
                raise
            continue
        if info["type"] == "file":
            listed[address] = _listed(info)
    return listed


def _listed(info: dict[str, Any]) -> Listed:
    return info["size"], str(info.get("generation") or info.get("mtime") or info.get("created"))
