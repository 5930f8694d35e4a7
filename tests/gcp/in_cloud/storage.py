"""Writes, reads, lists and deletes objects with gcsfs and with google-cloud-storage.

`python -m tests.gcp.in_cloud.storage PREFIX OBJECTS`
"""

from __future__ import annotations

import json
import os
import sys
import time

import gcsfs
import google.auth
from google.cloud import storage

PIECE = 1 << 18


def main() -> None:
    prefix, count = sys.argv[1], int(sys.argv[2])
    name = os.environ["ADCLICK_BUCKET"]
    credentials, project = google.auth.default()
    files = gcsfs.GCSFileSystem()
    root = f"{name}/{prefix}"
    contents = {f"{root}/files/{i}": bytes([i]) * 1000 for i in range(count)}
    files.pipe(contents)
    started = time.monotonic()
    read = {path: files.cat_file(path) for path in contents}
    seconds = time.monotonic() - started
    bucket = storage.Client().bucket(name)
    large = os.urandom(4 * PIECE + 1)
    # in pieces: each goes to the address that the answer to the first request names
    blob = bucket.blob(f"{prefix}/large", chunk_size=PIECE)
    blob.upload_from_string(large)
    with files.open(f"{root}/piecewise", "wb", block_size=PIECE) as stream:
        stream.write(large)
    same = [
        bucket.blob(f"{prefix}/{n}").download_as_bytes() == large for n in ("large", "piecewise")
    ]
    listed = [b.name for b in bucket.list_blobs(prefix=f"{prefix}/files/")]
    files.rm(f"{root}/files", recursive=True)
    files.invalidate_cache()
    facts = {
        "project": project,
        "account": type(credentials).__module__,
        "signed_in": type(files.credentials.credentials).__module__,
        "same": [read == contents, *same],
        "listed": len(listed),
        "left": sorted(files.find(root)),
        "seconds": seconds,
    }
    print(json.dumps(facts))


if __name__ == "__main__":
    main()
