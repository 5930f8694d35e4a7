"""The webhook alerter against a real receiver, and what it says when it cannot be told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from zenml.enums import StackComponentType

from adclick.errors import AdclickError
from adclick.monitoring.alert import MOST_REASONS, alert_text, is_at_least
from adclick.monitoring.verdict import Judgement
from stacks.webhook import Webhook, WebhookConfig
from tests.receiver import Receiver, receiver
from tests.servers import free_port

VARIABLE = "WEBHOOK_OF_THIS_TEST"


@pytest.fixture
def chat(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    with receiver() as listening:
        monkeypatch.setenv(VARIABLE, listening.address)
        yield listening


@pytest.fixture
def webhook() -> Webhook:
    now = datetime.now(UTC)
    return Webhook(
        name="chat",
        id=uuid4(),
        config=WebhookConfig(variable=VARIABLE),
        flavor="webhook",
        type=StackComponentType.ALERTER,
        user=None,
        created=now,
        updated=now,
    )


def test_a_message_arrives_as_it_is(webhook: Webhook, chat: Receiver) -> None:
    assert webhook.post('two lines\nwith "quotes" and é')
    assert chat.posted == [{"text": 'two lines\nwith "quotes" and é'}]


def test_a_busy_receiver_is_told_again(webhook: Webhook, chat: Receiver) -> None:
    chat.answers = [503, 429]
    assert webhook.post("once")
    assert chat.posted == [{"text": "once"}] * 3


@pytest.mark.parametrize("status", [302, 404, 500])
def test_a_refusal_is_an_error_without_the_secret(
    webhook: Webhook, chat: Receiver, status: int
) -> None:
    chat.answers = [status]
    with pytest.raises(AdclickError, match=f"webhook 127.0.0.1 answered {status}: {VARIABLE}") as e:
        webhook.post("no")
    assert "secret-token" not in str(e.value) and e.value.__cause__ is None


@pytest.mark.parametrize("address", ["http://127.0.0.1:{port}/secret-token", "secret-token", ""])
def test_a_receiver_that_cannot_be_reached_is_an_error_without_the_secret(
    webhook: Webhook, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv(VARIABLE, address.format(port=free_port()))
    with pytest.raises(AdclickError, match=VARIABLE) as failed:
        webhook.post("no")
    assert "secret-token" not in str(failed.value)


def test_a_webhook_is_not_asked(webhook: Webhook) -> None:
    with pytest.raises(NotImplementedError):
        webhook.ask("deploy?")


def test_a_text_says_the_verdict_and_what_to_look_at_first() -> None:
    reasons = tuple(f"reason {number}" for number in range(MOST_REASONS + 3))
    first, *lines = alert_text("ads", Judgement("stop", reasons)).splitlines()
    assert first.startswith("ads: STOP - ")
    assert lines == [
        *(f"{number}. reason {number - 1}" for number in range(1, MOST_REASONS + 1)),
        "and 3 more",
    ]
    assert alert_text("ads", Judgement("fine", ())) == "ads: FINE - nothing to do"


def test_verdicts_have_an_order() -> None:
    assert is_at_least("stop", "retrain") and is_at_least("watch", "watch")
    assert not is_at_least("fine", "watch")
