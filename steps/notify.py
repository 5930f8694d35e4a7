"""Telling people of a verdict."""

from typing import Annotated

from zenml import step
from zenml.client import Client

from adclick.errors import AdclickError
from adclick.monitoring.alert import AlertOptions, alert_text, is_at_least
from adclick.monitoring.verdict import Judgement


@step(enable_cache=False)
def notify(
    model: str, judgement: Judgement, published: int, options: AlertOptions
) -> Annotated[bool, "notified"]:
    """Log the verdict once its reports are `published`, and tell the stack's alerter of a bad one.

    Returns whether an alerter was told.
    """
    del published
    text = alert_text(model, judgement)
    print(text)
    alerter = Client().active_stack.alerter
    if alerter is None or not is_at_least(judgement.verdict, options.at_least):
        return False
    if not alerter.post(text):
        raise AdclickError(
            f"alerter {alerter.name} did not take the verdict {judgement.verdict}: see its "
            "configuration in the stack's file"
        )
    return True
