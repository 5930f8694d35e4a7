"""Emulated: batches of requests as Google takes and answers them, where fake-gcs-server does not.

See https://cloud.google.com/storage/docs/batch; gcsfs deletes in batches.
"""

from __future__ import annotations

from email.message import Message
from typing import Final

PATH: Final = "/batch/storage/v1"


def request_body(batch: bytes, content_type: str) -> bytes:
    """The batch with a blank line after each request: gcsfs sends none, and Google needs none."""
    message = Message()
    message["Content-Type"] = content_type
    boundary = f"\n--{message.get_boundary()}".encode()
    return batch.replace(boundary, b"\n\n" + boundary)


def answer_body(answers: bytes) -> bytes:
    """The answers with Google's words for an object that is not there, by which gcsfs knows it."""
    return answers.replace(b'"message":"Not Found"', b'"message":"No such object"')
