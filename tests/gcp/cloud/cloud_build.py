"""Emulated: Cloud Build, which looks at what it is given and builds nothing.

A build succeeds if its source lies in the bucket and has a Dockerfile. Its image has the digest of
the source. What the source contains is noted for tests, in a file of the folder of builds.
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import grpc
import requests
from google.cloud.devtools.cloudbuild_v1 import types as cloudbuild
from google.longrunning import operations_pb2
from google.protobuf import any_pb2

from tests.gcp.cloud import names
from tests.gcp.cloud.guarded import guarded
from tests.gcp.cloud.storage import BACKEND

SERVICE = "google.devtools.cloudbuild.v1.CloudBuild"


def methods(folder: Path) -> Mapping[str, grpc.RpcMethodHandler]:
    """The service's methods; builds are noted in `folder`, by their number."""
    folder.mkdir(parents=True, exist_ok=True)

    def create_build(request: Any, context: grpc.ServicerContext) -> operations_pb2.Operation:
        if request.project_id != names.PROJECT:
            context.abort(grpc.StatusCode.PERMISSION_DENIED, "The caller has no permission")
        source = request.build.source.storage_source
        path = f"b/{source.bucket}/o/{quote(source.object_, safe='')}"
        found = requests.get(f"{BACKEND}/storage/v1/{path}?alt=media", timeout=60)
        if not found.ok:
            missing = f"gs://{source.bucket}/{source.object_} does not exist"
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, missing)
        return _built(request.build, found.content, folder)

    handler = grpc.unary_unary_rpc_method_handler(
        guarded(create_build),
        cloudbuild.CreateBuildRequest.deserialize,
        operations_pb2.Operation.SerializeToString,
    )
    return {"CreateBuild": handler}


def _built(build: Any, source: bytes, folder: Path) -> operations_pb2.Operation:
    """The operation of a build that has ended already."""
    with tarfile.open(fileobj=io.BytesIO(source)) as archive:
        files = sorted(archive.getnames())
    number = len(list(folder.iterdir())) + 1
    noted = {"images": list(build.images), "files": files}
    (folder / f"{number}.json").write_text(json.dumps(noted), encoding="utf-8")
    status = cloudbuild.Build.Status
    build.id = f"emulated-{number}"
    build.log_url = f"file://{folder}/{number}.json"
    build.status = status.SUCCESS if "Dockerfile" in files else status.FAILURE
    digest = f"sha256:{hashlib.sha256(source).hexdigest()}"
    images = [cloudbuild.BuiltImage(name=name, digest=digest) for name in build.images]
    build.results = cloudbuild.Results(images=images)
    return operations_pb2.Operation(
        name=f"operations/build/{names.PROJECT}/{build.id}",
        metadata=_packed(cloudbuild.BuildOperationMetadata(build=build)),
        response=_packed(build),
        done=True,
    )


def _packed(message: Any) -> any_pb2.Any:
    packed = any_pb2.Any()
    packed.Pack(type(message).pb(message))
    return packed
