"""Submits a job to Vertex AI by its real name, whose step writes to the bucket.

`python -m tests.gcp.in_cloud.vertex`
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

from google.cloud import storage
from google.cloud.aiplatform_v1 import PipelineServiceClient, PipelineState

from tests.gcp.cloud.vertex.compiled import Step, compile_steps

SECONDS = 60.0
ENDED = (PipelineState.PIPELINE_STATE_SUCCEEDED, PipelineState.PIPELINE_STATE_FAILED)
CODE = """
import os
from google.cloud import storage
seen = [path for path in os.environ["ABSENT"].split() if os.path.exists(path)]
found = storage.Client().bucket(os.environ["BUCKET"]).blob("from-a-step")
found.upload_from_string(f"hello, {seen}")
"""


def main() -> None:
    bucket, region = os.environ["ADCLICK_BUCKET"], os.environ["GCP_REGION"]
    client = PipelineServiceClient(
        client_options={"api_endpoint": f"{region}-aiplatform.googleapis.com"}
    )
    environment = {"BUCKET": bucket, "ABSENT": str(Path.cwd() / "run.py")}
    step = Step(name="write", command=["python", "-c", CODE], environment=environment)
    job = client.create_pipeline_job(
        parent=f"projects/{os.environ['GCP_PROJECT']}/locations/{region}",
        pipeline_job={
            "display_name": "write",
            "pipeline_spec": compile_steps([step]),
            "runtime_config": {"gcs_output_directory": f"gs://{bucket}/vertex"},
        },
        pipeline_job_id="write",
    )
    deadline = time.monotonic() + SECONDS
    while (state := client.get_pipeline_job(name=job.name).state) not in ENDED:
        assert time.monotonic() < deadline, state
        time.sleep(0.1)
    written = storage.Client().bucket(bucket).blob("from-a-step").download_as_text()
    print(json.dumps({"state": state.name, "written": written}))


if __name__ == "__main__":
    main()
