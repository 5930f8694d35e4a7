"""The `webhook` alerter: posts a line of JSON where chats take messages."""

from __future__ import annotations

import os
from http import HTTPStatus
from typing import NoReturn
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry
from zenml.alerter.base_alerter import (
    BaseAlerter,
    BaseAlerterConfig,
    BaseAlerterFlavor,
    BaseAlerterStepParameters,
)

from adclick.errors import AdclickError

SECONDS = 20
BUSY = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE)


class WebhookConfig(BaseAlerterConfig):
    """`variable` names what holds the address: whoever knows that can post, so it is not kept."""

    variable: str


class Webhook(BaseAlerter):
    """Posts `{"text": ...}`, which Slack, Mattermost and Google Chat take at their webhooks."""

    @property
    def config(self) -> WebhookConfig:
        """The component's configuration."""
        config: WebhookConfig = self._config
        return config

    def post(self, message: str, params: BaseAlerterStepParameters | None = None) -> bool:
        """Post the message, again where the receiver is busy; raises AdclickError if it can't be.

        Its words name the receiver's host and nothing more of the address.
        """
        del params
        address = os.environ.get(self.config.variable, "")
        session = requests.Session()
        retries = Retry(3, backoff_factor=0.5, status_forcelist=BUSY, allowed_methods=None)
        session.mount(address, HTTPAdapter(max_retries=retries))
        try:
            answer = session.post(
                address, json={"text": message}, timeout=SECONDS, allow_redirects=False
            )
        except (requests.RequestException, ValueError) as error:
            self._fail(address, f"can't be reached ({type(error).__name__})")
        if answer.status_code // 100 != 2:
            self._fail(address, f"answered {answer.status_code}")
        return True

    def ask(self, question: str, params: BaseAlerterStepParameters | None = None) -> NoReturn:
        """A webhook hears nothing: NotImplementedError, where ZenML's base class would say yes."""
        raise NotImplementedError("a webhook cannot answer")

    def _fail(self, address: str, why: str) -> NoReturn:
        host = urlsplit(address).hostname or "(no address)"
        # the cause would show the address
        raise AdclickError(
            f"webhook {host} {why}: {self.config.variable} has to be the address of one, in the "
            "environment of steps"
        ) from None


class WebhookFlavor(BaseAlerterFlavor):
    """Registers the webhook as an alerter of ZenML's."""

    @property
    def name(self) -> str:
        """The flavor's name in stacks/*.yaml."""
        return "webhook"

    @property
    def config_class(self) -> type[WebhookConfig]:
        """What can be configured."""
        return WebhookConfig

    @property
    def implementation_class(self) -> type[Webhook]:
        """The component."""
        return Webhook


Webhook.FLAVOR = WebhookFlavor
