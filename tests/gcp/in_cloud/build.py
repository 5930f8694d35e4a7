"""Has Cloud Build build an image of one file, of the name that is given.

`python -m tests.gcp.in_cloud.build FILE`
"""

from __future__ import annotations

import io
import json
import os
import sys
import tarfile

from google.cloud import storage
from google.cloud.devtools import cloudbuild_v1


def main() -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        archive.addfile(tarfile.TarInfo(sys.argv[1]))
    bucket, image = os.environ["ADCLICK_BUCKET"], f"{os.environ['ADCLICK_REGISTRY']}/steps:1"
    storage.Client().bucket(bucket).blob("source.tar.gz").upload_from_string(packed.getvalue())
    source = cloudbuild_v1.StorageSource(bucket=bucket, object_="source.tar.gz")
    build = cloudbuild_v1.Build(
        source=cloudbuild_v1.Source(storage_source=source),
        steps=[{"name": "gcr.io/cloud-builders/docker", "args": ["build", "-t", image, "."]}],
        images=[image],
    )
    client = cloudbuild_v1.CloudBuildClient()
    operation = client.create_build(project_id=os.environ["GCP_PROJECT"], build=build)
    result = operation.result(timeout=30)
    facts = {"status": result.status.name, "log": operation.metadata.build.log_url}
    print(json.dumps(facts | {"digest": result.results.images[0].digest}))


if __name__ == "__main__":
    main()
