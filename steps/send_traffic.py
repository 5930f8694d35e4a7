"""A sample of real traffic to what serves."""

from typing import Annotated, cast

from zenml import step
from zenml.client import Client

from adclick.adlog import AdLog
from adclick.bundle.bundle import ServingBundle
from adclick.encoding.requests import request_rows
from adclick.errors import AdclickError
from adclick.splitting import Split
from adclick.traffic import TrafficOptions, TrafficReport
from serving.deployer import Deployer
from serving.traffic import send_traffic as send


@step(enable_cache=False)
def send_traffic(
    log: AdLog, split: Split, bundle: ServingBundle, options: TrafficOptions
) -> Annotated[TrafficReport, "traffic"]:
    """Send rows of the test months as requests that the bundle takes; the server logs them."""
    url = cast(Deployer, Client().active_stack.model_deployer).status().url
    if url is None:
        raise AdclickError("nothing serves: run --pipeline deployment first")
    rows = request_rows(log, split.test, options.requests)
    report = send(url, bundle.schema, rows, options.connections)
    print(f"{report.requests} requests answered, p50 {report.p50_ms:.1f} ms")
    return report
