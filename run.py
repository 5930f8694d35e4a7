"""Runs adclick's pipelines on a stack, and says what happened and what to open next."""

import sys

OLDEST_PYTHON = (3, 12)
BAD_INPUT = 2
BAD_VERDICT = 3
if sys.version_info < OLDEST_PYTHON:
    print(
        f"error: Python {sys.version.split()[0]} is too old, adclick needs 3.12: "
        "`make run` finds one and makes the environment",
        file=sys.stderr,
    )
    sys.exit(BAD_INPUT)

import argparse
import importlib.util
import os
import pkgutil
import shlex
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from adclick.exports import TARGETS

# what is slow to import waits until it is known to be needed
if TYPE_CHECKING:
    from adclick.config import RunConfig
    from adclick.monitoring.verdict import Verdict
    from adclick.schema import Schema
    from adclick.summary import RunSummary, StepTime
    from serving.deployer import Deployer
    from serving.deployment import Status
    from stacks.definition import StackDefinition

REPOSITORY = Path(__file__).resolve().parent
PIPELINES = ("training", "deployment", "traffic", "monitoring")
ON_REQUEST = ("scoring", "retraining")
TRAINS = {"training", "retraining"}
MONITORED = ("all", "monitoring", "retraining")
SCHEDULED = ("monitoring", "retraining")
# the step of a schedule that starts other pipelines, beside which it lies
STARTER = "start_retraining"
# where state is kept and what serves it; secrets stay in .env
TO_CRON = ("ADCLICK_HOME", "ADCLICK_SELDON_PORT")
VERDICTS = ("watch", "retrain", "stop")
SAMPLE_SCHEMA = REPOSITORY / "configs" / "schemas" / "sample.yaml"


def run(options: argparse.Namespace) -> None:
    """Run the chosen pipelines, print their summary and keep it as runs/latest.json."""
    start = time.perf_counter()
    config, schema, data = _load(options)
    if options.plan:
        _print_plan(options, config, schema, data)
        return
    if options.check:
        _check(options, config)
        return
    from adclick.views.summary import print_summary
    from stacks.environment import state_folder
    from stacks.lock import only_run

    home = state_folder(REPOSITORY)
    with only_run(home):
        placed = _placement(_use_stack(options), config, options)
        summary = _run_pipelines(options, config, schema, data, home, placed, start)
        latest = home / "runs" / "latest.json"
        latest.parent.mkdir(exist_ok=True)
        latest.write_text(summary.model_dump_json(indent=2), encoding="utf-8")
    print_summary(summary)
    if options.fail_on and _is_as_bad(summary, options.fail_on):
        sys.exit(BAD_VERDICT)


def _is_as_bad(summary: "RunSummary", bound: "Verdict") -> bool:
    from adclick.monitoring.alert import is_at_least

    return summary.monitoring is not None and is_at_least(summary.monitoring.verdict, bound)


def _print_plan(
    options: argparse.Namespace, config: "RunConfig", schema: "Schema", data: str | None
) -> None:
    from adclick.planning.plan import plan_run
    from adclick.views.plan import print_plan

    region = os.environ.get("GCP_REGION")
    chosen = _chosen(options)
    print_plan(plan_run(REPOSITORY, options.stack, region, chosen, config, schema, data))


def _check(options: argparse.Namespace, config: "RunConfig") -> None:
    from stacks.checks import check_stack, exit_code, print_checks
    from stacks.environment import HOME_VARIABLE, state_folder

    environment = {**os.environ, HOME_VARIABLE: str(state_folder(REPOSITORY))}
    results = check_stack(options.stack, config, environment)
    print_checks(results)
    sys.exit(exit_code(results))


def _chosen(options: argparse.Namespace) -> "tuple[str, ...]":
    return PIPELINES if options.pipeline == "all" else (options.pipeline,)


def deploy(options: argparse.Namespace) -> None:
    """Serve the staged version, or the one named, with all or a part of the traffic."""
    deployer = _use_deployer(options)
    from pipelines import rollout

    traffic = 100 if options.traffic is None else options.traffic
    model = _model(options, deployer)
    _tell(rollout.deploy(deployer, model, options.version, traffic, options.shadow))


def promote(options: argparse.Namespace) -> None:
    """Make the version on trial the champion."""
    deployer = _use_deployer(options)
    from pipelines import rollout

    _tell(rollout.promote(deployer))


def rollback(options: argparse.Namespace) -> None:
    """End the trial, or bring back the champion before, or the version named."""
    deployer = _use_deployer(options)
    from pipelines import rollout

    _tell(rollout.rollback(deployer, options.version))


def show_status(options: argparse.Namespace) -> None:
    """Print what serves, and how."""
    deployer = _use_deployer(options)
    from serving.status_table import status_now

    print(status_now(deployer.status))


def stop(options: argparse.Namespace) -> None:
    """Stop what serves."""
    stopped = _use_deployer(options).stop()
    print(f"{stopped.version} stopped" if stopped.version else "nothing serves")


def show_dashboard(options: argparse.Namespace) -> None:
    """Serve ZenML's dashboard until interrupted."""
    _use_stack(options)
    from stacks.pages import serve_dashboard

    serve_dashboard()


def show_reports(options: argparse.Namespace) -> None:
    """Serve Evidently's reports until interrupted."""
    _use_stack(options)
    from stacks.pages import serve_reports

    serve_reports()


def schedule(options: argparse.Namespace) -> None:
    """Have the orchestrator start a pipeline by itself, or print the line that has cron do it."""
    from datetime import UTC, datetime

    from adclick.errors import AdclickError
    from adclick.schedule import cron_line
    from stacks.environment import state_folder

    if options.pipeline not in SCHEDULED:
        raise AdclickError(f"schedule what? name it with --pipeline {'|'.join(SCHEDULED)}")
    config, schema, data = _load(options)
    placed = _placement(_use_stack(options), config, options)
    from pipelines.schedule import is_schedulable, make_schedule

    if is_schedulable():
        if data is None:
            raise AdclickError(f"{options.pipeline} of what? name a folder or URL with --data")
        name = make_schedule(options.pipeline, data, schema, config, placed)
        following = config.schedule.after(datetime.now(UTC))
        print(f"{name}: {config.schedule.cron} in UTC, next at {following:%Y-%m-%d %H:%M}")
        return
    print(f"the orchestrator of {options.stack} has no schedules.")
    home = state_folder(REPOSITORY)
    print("With `crontab -e` on a machine that stays on, add this line:")
    variables = [f"{name}={os.environ[name]}" for name in TO_CRON if os.environ.get(name)]
    words = [sys.executable, "run.py", *_same_words(options, data)]
    print(cron_line(config.schedule.cron, REPOSITORY, variables, words, home / "cron.log"))


def _same_words(options: argparse.Namespace, data: str | None) -> list[str]:
    """The words that have run.py do the same from wherever it is started."""
    files = {name: getattr(options, name) for name in ("schema", "config")}
    named = {
        "stack": options.stack,
        "pipeline": options.pipeline,
        "data": data,
        **{name: file and str(file.resolve()) for name, file in files.items()},
        "months": options.months,
        "fail-on": options.fail_on,
    }
    return [word for name, value in named.items() if value for word in (f"--{name}", value)]


def guess_schema(options: argparse.Namespace) -> None:
    """Write a first schema of the data, and say what to run next."""
    from adclick.errors import AdclickError
    from adclick.schema_inference.write import write_schema

    if not options.data:
        raise AdclickError("schema of what? name a folder or URL with --data")
    data, out = _absolute(options.data), options.out or Path("schema.yaml")
    print(f"{out}: {write_schema(data, out).summary}")
    print("check it, then run")
    print(f"  {shlex.join(['.venv/bin/python', 'run.py', '--data', data, '--schema', str(out)])}")


def make_sample_data(options: argparse.Namespace) -> None:
    """Make a sample ad log, and say what to run on it."""
    from adclick.sample_data.command import make_sample

    sample = make_sample(options.impressions, options.months, options.out or Path("sample-data"))
    print(f"{sample.data}: {len(sample.months)} months, {sample.months[0]} to {sample.months[-1]}")
    print(f"{sample.truth}: what is true of them, for tests and benchmarks alone")
    words = ["--data", str(sample.data), "--schema", str(SAMPLE_SCHEMA)]
    print(f"run\n  {shlex.join(['.venv/bin/python', 'run.py', *words])}")


def export(options: argparse.Namespace) -> None:
    """Write a version for another runtime, once that has scored as the model does."""
    from adclick.errors import AdclickError

    if options.to is None or options.out is None:
        raise AdclickError(f"export to what and where? --to {'|'.join(TARGETS)} --out FOLDER")
    deployer = _use_deployer(options)
    from pipelines.exporting import export_version

    model, out = _model(options, deployer), options.out.resolve()
    checked = export_version(model, options.version, options.to, out, REPOSITORY)
    print("\n".join([*checked, f"{out}: see README.md there"]))


COMMANDS = {
    "run": run,
    "sample-data": make_sample_data,
    "schema": guess_schema,
    "deploy": deploy,
    "promote": promote,
    "rollback": rollback,
    "export": export,
    "status": show_status,
    "stop": stop,
    "schedule": schedule,
    "dashboard": show_dashboard,
    "reports": show_reports,
}
OPTIONS_OF = {
    "out": ("schema", "sample-data", "export"),
    "to": ("export",),
    "impressions": ("sample-data",),
    "version": ("deploy", "rollback", "run", "export"),
    "traffic": ("deploy",),
    "shadow": ("deploy",),
    "fail_on": ("run", "schedule"),
}


def parse_arguments() -> argparse.Namespace:
    """The command line's arguments; exits with 2 and a line that says why when they are wrong."""
    parser = argparse.ArgumentParser(
        prog="run.py",
        description="Train, deploy and watch an ad-click model. Without --data, sample data is "
        "made first.",
    )
    parser.add_argument(
        "command",
        nargs="?",
        default="run",
        choices=COMMANDS,
        help="run pipelines (the default), make sample data, write a first schema of --data, "
        "change, show or stop what serves, export it, have a pipeline run by schedule, or open "
        "a page",
    )
    parser.add_argument("--stack", default="local", help="where: NAME of stacks/NAME.yaml (local)")
    parser.add_argument(
        "--pipeline",
        default="all",
        choices=("all", *PIPELINES, *ON_REQUEST),
        help=f"which (all: {', '.join(PIPELINES)}); retraining: monitoring, and training and "
        "deployment where its verdict asks for them",
    )
    parser.add_argument("--data", help="folder or URL of the ad log")
    parser.add_argument("--schema", type=Path, help="YAML file that says what its columns are")
    parser.add_argument("--out", type=Path, help="where schema, sample-data, export write")
    parser.add_argument("--to", choices=TARGETS, help="which runtime `export` is for")
    parser.add_argument("--impressions", type=int, help="how many `sample-data` makes (320000)")
    parser.add_argument(
        "--version",
        help="which version to deploy (the staged one), bring back, "
        "score with or export (the one in production)",
    )
    parser.add_argument("--traffic", type=int, help="per cent of requests that it gets (100)")
    parser.add_argument(
        "--shadow", action="store_true", help="it gets copies of them, and answers nobody"
    )
    parser.add_argument(
        "--months",
        help="which of it, such as 2026-07:2026-09 or latest:3; of sample-data: how many (8)",
    )
    parser.add_argument(
        "--fail-on",
        choices=VERDICTS,
        help=f"exit with {BAD_VERDICT} on this verdict or a worse one",
    )
    parser.add_argument("--config", type=Path, help="how much (configs/STACK.yaml)")
    ask = parser.add_mutually_exclusive_group()
    ask.add_argument("--check", action="store_true", help="say what would fail, and run nothing")
    ask.add_argument("--plan", action="store_true", help="estimate hours and cost, and run nothing")
    parser.add_argument("--no-cache", action="store_true", help="run every step again")
    parser.add_argument("--debug", action="store_true", help="show tracebacks and ZenML's log")
    options = parser.parse_args()
    for option, commands in OPTIONS_OF.items():
        if vars(options)[option] not in (None, False) and options.command not in commands:
            name = option.replace("_", "-")
            parser.error(f"--{name}: only `{'`, `'.join(commands)}` can have it")
    if options.version and options.command == "run" and options.pipeline != "scoring":
        parser.error("--version: of pipelines only `scoring` can have it")
    if options.fail_on and options.pipeline not in MONITORED:
        parser.error(f"--fail-on: of pipelines only `{'`, `'.join(MONITORED)}` can have it")
    return options


def main() -> int:
    """Do what the command line asks for; returns the exit code."""
    options = parse_arguments()
    if importlib.util.find_spec("zenml") is None:
        print("error: the environment is not there: run `make setup`", file=sys.stderr)
        return BAD_INPUT
    from adclick.errors import brief, mendable_cause
    from stacks.environment import close_logs, exit_quickly, read_variables

    read_variables(REPOSITORY)
    try:
        COMMANDS[options.command](options)
    except Exception as error:
        if options.debug:
            raise
        mendable = mendable_cause(error)
        said = mendable if mendable is not None else f"{brief(error)} (--debug shows where)"
        print(f"error: {said}", file=sys.stderr)
        return BAD_INPUT if mendable is not None else 1
    finally:
        close_logs()
        exit_quickly()
    return 0


def _load(options: argparse.Namespace) -> "tuple[RunConfig, Schema, str | None]":
    """Configuration, schema and data folder, checked before anything slow is imported."""
    from adclick.config import load_config
    from adclick.errors import AdclickError
    from adclick.ingest.selection import check_selection
    from adclick.ingest.sources import find_source
    from adclick.schema import load_schema
    from adclick.scoring.source import find_rows
    from stacks.definition import check_name

    check_name(options.stack)
    if options.data and not options.schema:
        raise AdclickError(f"what are the columns of {options.data}? name a schema with --schema")
    config = load_config(options.config or REPOSITORY / "configs" / f"{options.stack}.yaml")
    if options.months:
        config = config.model_copy(update={"months": check_selection(options.months)})
    schema = load_schema(options.schema or SAMPLE_SCHEMA)
    data = _absolute(options.data) if options.data else None
    if data:
        find = find_rows if options.pipeline == "scoring" else find_source
        find(data, schema, config.months)
    return config, schema, data


def _use_stack(options: argparse.Namespace) -> "StackDefinition":
    from stacks.use import use_stack

    return use_stack(REPOSITORY, options.stack, debug=options.debug)


def _placement(
    definition: "StackDefinition", config: "RunConfig", options: argparse.Namespace
) -> "dict[str, Any]":
    from stacks.placement import placement

    placed = placement(definition, config.resources, _step_names())
    return placed | ({"enable_cache": False} if options.no_cache else {})


def _step_names() -> "list[str]":
    import steps

    return [STARTER, *(module.name for module in pkgutil.iter_modules(steps.__path__))]


def _model(options: argparse.Namespace, deployer: "Deployer") -> str:
    """The model of the schema that was named, else the one that serves, else the sample's."""
    from adclick.schema import load_schema
    from steps.model_versions import model_name

    if options.schema is None and (served := deployer.model) is not None:
        return served
    return model_name(load_schema(options.schema or SAMPLE_SCHEMA).name)


def _tell(status: "Status") -> None:
    from serving.status_table import status_table

    print(status_table(status, {}))


def _use_deployer(options: argparse.Namespace) -> "Deployer":
    _use_stack(options)
    return _deployer()


def _deployer() -> "Deployer":
    from zenml.client import Client

    return cast("Deployer", Client().active_stack.model_deployer)


def _run_pipelines(
    options: argparse.Namespace,
    config: "RunConfig",
    schema: "Schema",
    data: str | None,
    home: Path,
    placed: "dict[str, Any]",
    start: float,
) -> "RunSummary":
    from pipelines.chain import run_chain
    from pipelines.summary import summarize
    from stacks.pages import addresses
    from stacks.staging import staged_sample
    from steps.model_versions import model_name

    chosen = _chosen(options)
    made: "tuple[StepTime, ...]" = ()
    if data is None and TRAINS.intersection(chosen):
        data, generate = staged_sample(config.sample_data, home)
        made = (generate,)
    runs = run_chain(chosen, data, schema, config, placed, options.version)
    return summarize(
        (options.stack, options.pipeline),
        made,
        runs,
        _deployer().status(),
        addresses(model_name(schema.name)),
        time.perf_counter() - start,
    )


def _absolute(data: str) -> str:
    return data if "://" in data else str(Path(data).resolve())


if __name__ == "__main__":
    sys.exit(main())
