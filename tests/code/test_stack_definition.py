"""Stack files: variables, defaults, and what is wrong with one in a line."""

from __future__ import annotations

from pathlib import Path

import pytest

from adclick.errors import AdclickError
from stacks.definition import (
    STACKS,
    VARIABLE,
    ComponentDefinition,
    StackDefinition,
    check_name,
    load_stack,
    parse_stack,
    stack_names,
)

FILE = Path("stacks/mine.yaml")
ONE = """
name: mine
components:
  artifact_store:
    flavor: gcp
    configuration:
      path: gs://${BUCKET}/${FOLDER:-artifacts}
"""


def path_of(stack: StackDefinition) -> object:
    return stack.components["artifact_store"].configuration["path"]


def test_variables_are_filled_in() -> None:
    stack = parse_stack(ONE, FILE, {"BUCKET": "b", "FOLDER": "f"})
    store = ComponentDefinition(flavor="gcp", configuration={"path": "gs://b/f"})
    assert stack == StackDefinition(name="mine", components={"artifact_store": store})


@pytest.mark.parametrize("environment", [{}, {"FOLDER": ""}], ids=["unset", "empty"])
def test_a_variable_with_a_default_need_not_be_set(environment: dict[str, str]) -> None:
    assert path_of(parse_stack(ONE, FILE, {"BUCKET": "b", **environment})) == "gs://b/artifacts"


def test_a_default_may_be_empty_or_hold_anything_but_a_brace() -> None:
    text = ONE.replace("artifacts", "").replace("${BUCKET}", "${BUCKET:-a-b:c/d}")
    assert path_of(parse_stack(text, FILE, {})) == "gs://a-b:c/d/"


def test_all_variables_that_are_not_set_are_named_once() -> None:
    text = ONE + "      other: ${ZONE} ${BUCKET} ${ACCOUNT}\n"
    with pytest.raises(AdclickError) as failed:
        parse_stack(text, FILE, {"ZONE": "z"})
    assert str(failed.value) == (
        "mine.yaml needs variables that are not set: ACCOUNT, BUCKET; export them and run again"
    )


def test_a_variable_that_is_set_to_nothing_is_not_set() -> None:
    with pytest.raises(AdclickError, match="not set: BUCKET"):
        parse_stack(ONE, FILE, {"BUCKET": ""})


def test_one_place_with_a_default_does_not_stand_for_another_without() -> None:
    with pytest.raises(AdclickError, match="not set: FOLDER"):
        parse_stack(ONE + "      other: ${FOLDER}\n", FILE, {"BUCKET": "b"})


@pytest.mark.parametrize("value", ["a: b", "${OTHER}", "yes", "#1", "'", "{", "7"])
def test_a_value_is_text_whatever_it_holds(value: str) -> None:
    assert path_of(parse_stack(ONE, FILE, {"BUCKET": value})) == f"gs://{value}/artifacts"
    alone = ONE.replace("gs://${BUCKET}/${FOLDER:-artifacts}", "${BUCKET}")
    assert path_of(parse_stack(alone, FILE, {"BUCKET": value})) == value


def test_variables_in_lists_are_filled_in() -> None:
    text = ONE.replace("path: gs://${BUCKET}/${FOLDER:-artifacts}", "path: [1, '${BUCKET}']")
    assert path_of(parse_stack(text, FILE, {"BUCKET": "b"})) == [1, "b"]


def test_an_empty_variable_leaves_its_place_in_a_list_out() -> None:
    text = ONE + "    secrets: ['${MINE:-}', ours]\n"
    secrets = parse_stack(text, FILE, {"BUCKET": "b"}).components["artifact_store"].secrets
    assert secrets == ("ours",)


def test_a_comment_needs_no_variable() -> None:
    parse_stack("# ${UNSET} is not asked for\n" + ONE, FILE, {"BUCKET": "b"})


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("name: [", "mine.yaml is no YAML: "),
        ("", "mine.yaml: "),
        ("name: mine", "mine.yaml: components: Field required"),
        (
            "name: mine\ncomponents: {orchestrator: {flavour: local}}",
            "mine.yaml: components.orchestrator.flavor: Field required",
        ),
        (ONE + "color: red", "mine.yaml: color: "),
    ],
    ids=["no YAML", "empty", "no components", "misspelt", "unknown setting"],
)
def test_a_file_of_another_form_is_refused_in_one_line(text: str, named: str) -> None:
    with pytest.raises(AdclickError) as failed:
        parse_stack(text.replace("${BUCKET}", "b"), FILE, {})
    assert str(failed.value).startswith(named)
    assert "\n" not in str(failed.value)


def test_an_unknown_stack_is_refused_with_those_there_are() -> None:
    with pytest.raises(AdclickError, match=r"stack 'moon' does not exist: choose one of .*local"):
        check_name("moon")
    with pytest.raises(AdclickError, match=r"stack .*local' does not exist"):
        load_stack("../stacks/local")


@pytest.mark.parametrize("name", stack_names())
def test_each_stack_that_ships_is_read_under_its_file_s_name(name: str) -> None:
    text = (STACKS / f"{name}.yaml").read_text(encoding="utf-8")
    environment = {variable: "something" for variable, _ in VARIABLE.findall(text)}
    environment["ADCLICK_ENGINE"] = "ray"
    assert load_stack(name, environment).name == name


def test_the_local_stack_needs_its_folder_alone() -> None:
    with pytest.raises(AdclickError, match=r"not set: ADCLICK_HOME;"):
        load_stack("local", {})
    stack = load_stack("local", {"ADCLICK_HOME": "/a folder"})
    seldon = stack.components["model_deployer"].configuration
    assert seldon == {"state": "/a folder/serving", "port": "9000"}


def test_what_a_variable_leaves_empty_is_not_set() -> None:
    text = ONE + "      zone: ${ZONE:-}\n    environment: {RAY_ADDRESS: '${RAY_ADDRESS:-}'}\n"
    store = parse_stack(text, FILE, {"BUCKET": "b"}).components["artifact_store"]
    assert "zone" not in store.configuration
    assert store.environment == {}
    filled = parse_stack(text, FILE, {"BUCKET": "b", "ZONE": "z", "RAY_ADDRESS": "ray://r:1"})
    assert filled.components["artifact_store"].configuration["zone"] == "z"
    assert filled.components["artifact_store"].environment == {"RAY_ADDRESS": "ray://r:1"}


def test_a_connector_that_the_stack_does_not_have_is_refused() -> None:
    with pytest.raises(AdclickError, match="the stack has no connector 'gcp'"):
        parse_stack(ONE + "    connector: gcp\n", FILE, {"BUCKET": "b"})


def test_an_engine_is_told_to_steps() -> None:
    text = ONE + "  orchestrator: {flavor: local}\nengine: {kind: ray, address: 'ray://r:1'}\n"
    definition = parse_stack(text, FILE, {"BUCKET": "b"})
    told = {kind: component.environment for kind, component in definition.registered.items()}
    assert told["orchestrator"] == {"ADCLICK_ENGINE": "ray", "RAY_ADDRESS": "ray://r:1"}
    assert told["artifact_store"] == {}


def test_a_component_whose_variable_is_not_set_is_no_part_of_the_stack() -> None:
    text = ONE + "  alerter: {flavor: webhook, needs: WEBHOOK}\n"
    for unset in ({}, {"WEBHOOK": ""}):
        assert set(parse_stack(text, FILE, {"BUCKET": "b", **unset}).components) == {
            "artifact_store"
        }
    there = parse_stack(text, FILE, {"BUCKET": "b", "WEBHOOK": "w"})
    assert set(there.components) == {"artifact_store", "alerter"}
