"""Where the image of a new creative comes from: the request itself, or a host that is trusted."""

from __future__ import annotations

import base64
import binascii
import time

import urllib3

from adclick.images import MAX_BYTES, ImageError, too_many_bytes

FETCH_SECONDS = 2.0
CHUNK = 64 * 1024
ADDRESSES = ("http://", "https://")


class ImageSource:
    """Reads images that were sent as base64, a data URL's prefix or none before it.

    With `hosts` it takes http(s) addresses too, on these alone: each is a name as it stands in
    addresses, with the port where that is not the scheme's own. A host that is listed is trusted,
    wherever its name leads; redirects are not followed, since they could lead elsewhere.
    """

    def __init__(self, hosts: tuple[str, ...] = ()) -> None:
        self._hosts = frozenset(host.lower() for host in hosts)
        timeout = urllib3.Timeout(connect=FETCH_SECONDS, read=FETCH_SECONDS)
        self._pool = urllib3.PoolManager(
            headers={"accept-encoding": "identity"}, timeout=timeout, retries=False
        )

    def read(self, sent: str) -> bytes:
        """The image file that was sent, or that lies at the address; raises ImageError."""
        return self._fetch(sent) if sent.lower().startswith(ADDRESSES) else _decode(sent)

    def _fetch(self, address: str) -> bytes:
        if not self._hosts:
            raise ImageError("addresses are not fetched here: the server's new_images is not url")
        deadline = time.monotonic() + FETCH_SECONDS
        try:
            # read by the same rules as when it is fetched: other parsers see other hosts
            url = urllib3.util.parse_url(address)
            if url.auth is not None or (url.netloc or "").lower() not in self._hosts:
                raise ImageError("the address is on none of the server's image_hosts")
            response = self._pool.request(
                "GET", address, preload_content=False, redirect=False, decode_content=False
            )
            try:
                if response.status != 200:
                    raise ImageError(f"the address answers with status {response.status}")
                return _body(response, deadline)
            finally:
                response.close()
        except urllib3.exceptions.HTTPError as error:
            raise ImageError(f"the address cannot be fetched: {type(error).__name__}") from None


def _body(response: urllib3.BaseHTTPResponse, deadline: float) -> bytes:
    chunks: list[bytes] = []
    size = 0
    # what is there, not CHUNK bytes: a host that sends a byte a second would be waited for
    while chunk := response.read1(CHUNK):
        chunks.append(chunk)
        size += len(chunk)
        if size > MAX_BYTES:
            raise too_many_bytes(size)
        if time.monotonic() > deadline:
            raise ImageError(f"the address took more than {FETCH_SECONDS:g} s")
    return b"".join(chunks)


def _decode(sent: str) -> bytes:
    kind, comma, data = sent.partition(",")
    if not comma:
        data = kind
    elif not (kind.startswith("data:") and kind.endswith(";base64")):
        raise ImageError("no image: what stands before the comma is no data:...;base64")
    try:
        return base64.b64decode(data, validate=True)
    except binascii.Error:
        raise ImageError("no image: neither base64 nor an http(s) address") from None
