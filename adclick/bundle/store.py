"""Bundles below a folder or in a bucket: put there once, fetched by machines elsewhere."""

from __future__ import annotations

from pathlib import Path

import fsspec

from adclick.bundle.bundle import MANIFEST, Manifest, ServingBundle, load_bundle
from adclick.errors import AdclickError


def uri_of(version: str, root: str) -> str:
    """Where a version is published below `root`."""
    return f"{root.rstrip('/')}/{version}"


def publish(bundle: ServingBundle, root: str) -> str:
    """Copy a bundle below `root`, a folder or any fsspec URL; returns its own URI there.

    What is there already is left alone. Raises AdclickError when the bundle is damaged, the bucket
    cannot be written, or another one was published under its version: answers and logs tell models
    apart by version.
    """
    source = load_bundle(bundle.path)
    uri = uri_of(source.version, root)
    try:
        files, target = fsspec.core.url_to_fs(uri)
        if files.exists(f"{target}/{MANIFEST}"):
            stored = Manifest.model_validate_json(files.cat_file(f"{target}/{MANIFEST}"))
            if stored != source.manifest:
                raise AdclickError(
                    f"version {source.version} was deployed before with other content in {uri}: "
                    "give the new bundle a version of its own"
                )
            return uri
        files.makedirs(target, exist_ok=True)
        # the manifest comes last: with it a bundle is whole
        for name in (*source.manifest.files, MANIFEST):
            files.pipe_file(f"{target}/{name}", (source.path / name).read_bytes())
    except AdclickError:
        raise
    except Exception as error:
        raise AdclickError(
            f"bundle {source.version} cannot be copied to {uri}: {_line(error)}; check the bucket "
            "and the right to write there"
        ) from error
    return uri


def fetch(uri: str, folder: Path) -> ServingBundle:
    """Copy the bundle at `uri` into `folder`, and check it.

    Raises AdclickError that names the URI when there is none, or it cannot be read or is damaged.
    """
    try:
        files, source = fsspec.core.url_to_fs(uri)
        manifest = files.cat_file(f"{source}/{MANIFEST}")
        folder.mkdir(parents=True, exist_ok=True)
        for name in Manifest.model_validate_json(manifest).files:
            (folder / name).write_bytes(files.cat_file(f"{source}/{name}"))
        (folder / MANIFEST).write_bytes(manifest)
    except FileNotFoundError as error:
        raise AdclickError(f"no whole bundle is at {uri}: {error} is not there") from error
    except Exception as error:
        raise AdclickError(
            f"bundle {uri} cannot be read: {_line(error)}; check the bucket and the right to read"
        ) from error
    return load_bundle(folder)


def _line(error: Exception) -> str:
    return " ".join(f"{type(error).__name__} {error}".split())
