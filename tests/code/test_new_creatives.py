"""New creatives by image, without a server: embeddings, refusals, the cache, addresses."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from adclick.bundle.bundle import ServingBundle
from adclick.bundle.image_source import ImageSource
from adclick.bundle.new_creatives import IMAGES_A_REQUEST, NewCreatives
from adclick.bundle.scorer import Scorer
from adclick.encoding.candidate import Candidates, read_candidates
from adclick.encoding.sent import SentRows
from adclick.errors import AdclickError, RequestError
from adclick.images import decode_image
from serving.click_model import ClickModel
from tests.bundles import example, tiny_bundle
from tests.logs import encoded, picture

FILES = [encoded(picture(seed), kind) for seed, kind in enumerate(("JPEG", "PNG", "WEBP"))]
SENT = [base64.b64encode(file).decode() for file in FILES]


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> ServingBundle:
    return tiny_bundle(tmp_path_factory.mktemp("bundle"))


@pytest.fixture
def scorer(bundle: ServingBundle) -> Scorer:
    return Scorer(bundle)


def parsed(scorer: Scorer, *changes: dict[str, Any]) -> Candidates:
    rows = [example(**change) for change in changes]
    return read_candidates(scorer.bundle.schema, SentRows(rows), images=True)


def test_a_new_creative_scores_as_in_a_bundle_that_has_it(scorer: Scorer) -> None:
    images = np.stack([decode_image(file, (8, 8, 3)) for file in FILES])
    names = [f"new-{number}" for number in range(len(FILES))]
    wider = scorer.with_creatives(names, images)
    expected = wider.score(parsed(scorer, *({"creative": name} for name in names)))
    assert len(set(expected.tolist())) == len(FILES)
    candidates = parsed(
        scorer, *({"creative": n, "image": s} for n, s in zip(names, SENT, strict=True))
    )
    new = NewCreatives(scorer, ImageSource()).embed(candidates)
    np.testing.assert_allclose(scorer.score(candidates, new), expected, atol=1e-6)
    assert scorer.familiarity(candidates, new) == ["new"] * len(FILES)


def test_known_creatives_keep_their_embedding_and_those_without_image_the_fallback(
    scorer: Scorer,
) -> None:
    candidates = parsed(
        scorer,
        {"image": SENT[0]},
        {"creative": "new"},
        {"creative": "new", "image": f"data:image/jpeg;base64,{SENT[0]}"},
        {"creative": None, "image": SENT[0]},
    )
    new = NewCreatives(scorer, ImageSource()).embed(candidates)
    assert list(new) == [2, 3]
    assert scorer.familiarity(candidates, new) == ["known", "unknown", "new", "new"]
    scores = scorer.score(candidates, new)
    assert scores[:2].tolist() == scorer.score(candidates)[:2].tolist()
    assert scores[2] == scores[3]


def test_an_image_is_embedded_once_while_it_is_among_the_last(
    scorer: Scorer, monkeypatch: pytest.MonkeyPatch
) -> None:
    creatives = NewCreatives(scorer, ImageSource(), cached=2)
    batches: list[int] = []
    embed = Scorer.embed
    monkeypatch.setattr(
        Scorer, "embed", lambda self, images: batches.append(len(images)) or embed(self, images)
    )
    first, second, third = ({"creative": "new", "image": sent} for sent in SENT)
    for changes in ([first, first, second], [second, first], [third], [first], [second]):
        creatives.embed(parsed(scorer, *changes))
    assert batches == [2, 1, 1]


@pytest.mark.parametrize(
    ("image", "problem"),
    [
        ("", "is no image: send base64 or an address"),
        (7, "is no image: send base64 or an address"),
        ("%%%", "cannot be used: no image: neither base64"),
        ("data:text/plain,hello", "cannot be used: no image: what stands before the comma"),
        (base64.b64encode(b"hello").decode(), "cannot be used: unreadable image"),
        (base64.b64encode(FILES[0][:-9]).decode(), "cannot be used: truncated image"),
        ("https://example.com/a.png", "cannot be used: addresses are not fetched here"),
    ],
)
def test_an_image_that_cannot_be_used_is_refused_by_row_and_column(
    scorer: Scorer, image: object, problem: str
) -> None:
    creatives = NewCreatives(scorer, ImageSource())
    with pytest.raises(RequestError) as refused:
        creatives.embed(parsed(scorer, {}, {"creative": "new", "image": image}))
    assert str(refused.value).startswith(f"row 1: column 'image' {problem}")


def test_a_request_brings_a_bounded_number_of_new_images(scorer: Scorer) -> None:
    rows = [
        {"creative": "new", "image": base64.b64encode(bytes([number])).decode()}
        for number in range(IMAGES_A_REQUEST + 1)
    ]
    with pytest.raises(RequestError, match=f"row {IMAGES_A_REQUEST}: column 'image' is one new"):
        NewCreatives(scorer, ImageSource()).embed(parsed(scorer, *rows))


class _Files(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response({"/moved": 302, "/none": 404}.get(self.path, 200))
        self.send_header("location", "/image")
        self.end_headers()
        self.wfile.write(FILES[0])

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def host() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Files) as server:
        threading.Thread(target=server.serve_forever).start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()


def test_an_image_is_fetched_from_a_host_that_is_listed(scorer: Scorer, host: str) -> None:
    sent = [f"http://{host}/image", SENT[0]]
    creatives = NewCreatives(scorer, ImageSource((host,)))
    candidates = parsed(scorer, *({"creative": "new", "image": image} for image in sent))
    by_address, inline = creatives.embed(candidates).values()
    np.testing.assert_array_equal(by_address, inline)


@pytest.mark.parametrize(
    ("address", "problem"),
    [
        ("http://{host}/moved", "the address answers with status 302"),
        ("http://{host}/none", "the address answers with status 404"),
        ("http://localhost/image", "the address is on none of the server's image_hosts"),
        ("http://127.0.0.1/image", "the address is on none of the server's image_hosts"),
        ("http://a@{host}/image", "the address is on none of the server's image_hosts"),
        ("http://169.254.169.254/#@{host}", "the address is on none of the server's image_hosts"),
        ("http://[::1", "the address cannot be fetched: LocationParseError"),
        ("https://{host}/image", "the address cannot be fetched: SSLError"),
    ],
)
def test_an_address_leads_to_listed_hosts_alone(
    scorer: Scorer, host: str, address: str, problem: str
) -> None:
    image = address.format(host=host)
    with pytest.raises(RequestError) as refused:
        NewCreatives(scorer, ImageSource((host,))).embed(
            parsed(scorer, {"creative": "new", "image": image})
        )
    assert str(refused.value) == f"row 0: column 'image' cannot be used: {problem}"


def test_the_model_says_how_many_creatives_were_new(bundle: ServingBundle, tmp_path: Path) -> None:
    model = ClickModel(str(bundle.path), str(tmp_path), new_images="inline")
    model.load()
    rows = [example(), example(creative="new", image=SENT[0]), example(creative="unknown")]
    answer = model.predict({"jsonData": rows})
    tags = {"model_version": "v1", "unknown_creatives": 1, "new_creatives": 1}
    assert answer["meta"]["tags"] == tags
    model.close()


def test_images_are_refused_unless_a_setting_takes_them(
    bundle: ServingBundle, tmp_path: Path
) -> None:
    model = ClickModel(str(bundle.path), str(tmp_path))
    model.load()
    with pytest.raises(RequestError, match=r"row 0: column 'image' is not taken here: .*new_im"):
        model.predict({"jsonData": example(image=SENT[0])})
    model.close()


def test_addresses_need_a_list_of_hosts(bundle: ServingBundle, tmp_path: Path) -> None:
    model = ClickModel(str(bundle.path), str(tmp_path), new_images="url")
    with pytest.raises(AdclickError, match="image_hosts names no host"):
        model.load()
