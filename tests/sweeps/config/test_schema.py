"""The schema for editors and the parser agree, as far as a schema can say."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from jsonschema.protocols import Validator

from sweeps.config import from_mapping, json_schema, yaml_text
from sweeps.config.left_alone import LEFT_ALONE
from sweeps.errors import InvalidSweep

Part = Mapping[str, Any]
SCHEMA: dict[str, Any] = json.loads(json.dumps(json_schema(), allow_nan=False))
VALIDATOR = Draft202012Validator(SCHEMA)

LEAST: Mapping[str, object] = {
    "method": "random",
    "metric": {"name": "loss"},
    "parameters": {"lr": {"min": 0.001, "max": 0.1}},
}
# They take anything.
ALONE = {key.name for key in LEFT_ALONE}
# A fault that only one who understands the whole file sees: two keys against each other, or what a text means.
BEYOND_A_SCHEMA = (
    "grid search",
    "execution.start_with[",
    "must be a finite number",
    "must be a whole number",
    "must be at least",
    "must be above",
    "must be below max",
    "must be below upper",
    "must be longer than 0 seconds",
    "is no length of time",
    "is no amount of memory",
    "is no number of trials",
    "must be a share of one GPU",
    "must lie within",
    "is less memory than any program takes",
    "needs a metric",
    "cannot stand beside",
    "teaches",
    "names no parameter",
    "there is no such parameter",
    "has no value",
    "lies outside",
    "is not among the values",
    "too fine a step",
    "must not be above max_iter",
    "would begin at",
    "unknown sampler",
    "holds a character that cannot be written",
    "has no JSON form",
    "does not fit in 64 bits",
    "max_iter must be above",
    "too far from",
    "they must come to 1",
    "write one for each",
    "e to the power of",
)


def accepted(data: object) -> str:
    """Return why the parser refuses, or an empty text."""
    try:
        from_mapping(data)
    except InvalidSweep as fault:
        return str(fault)
    return ""


def check(data: object, validator: Validator = VALIDATOR) -> None:
    """Hold the two to each other: the schema takes what is read, and refuses what a schema can know to be wrong."""
    problem, faults = accepted(data), [fault.message for fault in validator.iter_errors(cast("Any", data))]
    if not problem:
        assert faults == []
    elif not faults:
        assert any(part in problem for part in BEYOND_A_SCHEMA), problem


numbers = st.one_of(
    st.integers(-3, 99),
    st.floats(-3, 99),
    st.sampled_from(["1e-5", "3", " 4 ", "0.5", "12%", "30m", "1h 30m", "4GB", "1.5MiB", "params.lr", "many", ""]),
)
leaves = st.one_of(st.none(), st.booleans(), numbers, st.sampled_from(["loss", "a b", "${args}", "${arg}", "x${args}"]))


def words() -> st.SearchStrategy[str]:
    return st.sampled_from(list(_words(SCHEMA)))


def _words(schema: object) -> Iterator[str]:
    """Yield every key and every word that the schema knows, and a wrong one."""
    found = {"unknown"}
    stack = [schema]
    while stack:
        match stack.pop():
            case dict(part):
                found.update(part.get("properties", {}))
                found.update(word for word in part.get("enum", []) if isinstance(word, str))
                stack.extend(part.values())
            case list(items):
                stack.extend(items)
    yield from sorted(found)


anything = st.recursive(leaves, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(words(), inner, max_size=2))


def like(schema: Part, depth: int = 0) -> st.SearchStrategy[object]:
    """Return what a part of the schema describes, mostly."""
    if "$ref" in schema:
        return like(SCHEMA["$defs"][schema["$ref"].removeprefix("#/$defs/")], depth)
    if "const" in schema:
        return st.just(schema["const"])
    if "enum" in schema:
        return st.sampled_from(list(schema["enum"]))
    kinds = schema.get("type", [])
    options = [_like(kind, schema, depth) for kind in (kinds if isinstance(kinds, list) else [kinds])]
    return st.one_of(options) if options else anything


def _like(kind: str, schema: Part, depth: int) -> st.SearchStrategy[object]:
    if kind == "object" and depth < 6:
        return _object(schema, depth)
    if kind == "array":
        return st.lists(like(schema.get("items", {}), depth + 1), max_size=2)
    least = max(schema.get("minimum", 0), schema.get("exclusiveMinimum", 0))
    known: Mapping[str, st.SearchStrategy[object]] = {
        "integer": st.integers(least, least + 9),
        "number": st.floats(least, least + 9) | st.integers(least, least + 9),
        "string": st.sampled_from(_fitting(schema.get("pattern", ""))),
        "boolean": st.booleans(),
    }
    return known.get(kind, st.none())


def _fitting(pattern: str) -> list[str]:
    texts = ["loss", "30m", "1h 30m", "4GB", "25%", "params.lr", "1e-3", " 4 "]
    return [text for text in texts if re.search(pattern, text)] or texts


@st.composite
def _object(draw: st.DrawFn, schema: Part, depth: int) -> object:
    properties, needed = dict(schema.get("properties", {})), set(schema.get("required", []))
    if "allOf" in schema:
        branch = draw(st.sampled_from(schema["allOf"]))
        for part in (branch["if"], branch["then"]):
            properties |= part.get("properties", {})
            needed |= set(part.get("required", []))
        fitting = branch["then"].get("propertyNames", {}).get("enum", list(properties))
        properties = {name: properties.get(name, {}) for name in fitting}
    inner = schema.get("additionalProperties")
    if isinstance(inner, dict):
        properties |= {"lr": inner, "width": inner}
    more = draw(st.sets(st.sampled_from(sorted(properties)), max_size=3)) if properties else set()
    found = {name: draw(like(properties.get(name, {}), depth + 1)) for name in sorted(needed | more)}
    if draw(st.integers(0, 11)) == 11:
        found[draw(words() | st.sampled_from(sorted(found) or ["lr"]))] = draw(leaves)
    return found


def test_the_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)


@given(like(SCHEMA))
def test_files_made_from_the_schema(data: object) -> None:
    check(data)


@given(like(SCHEMA["properties"]["execution"]))
def test_executions_made_from_the_schema(data: object) -> None:
    check({**LEAST, "execution": data})


@pytest.mark.parametrize("part", ["file", "execution", "parameter"])
def test_what_is_made_of_the_schema_is_both_good_and_bad(part: str) -> None:
    parts = {
        "file": like(SCHEMA),
        "execution": like(SCHEMA["properties"]["execution"]).map(lambda made: {**LEAST, "execution": made}),
        "parameter": like(SCHEMA["$defs"]["parameter"]).map(lambda made: {**LEAST, "parameters": {"lr": made}}),
    }
    seen: Counter[bool] = Counter()

    @settings(derandomize=True, database=None, max_examples=50)
    @given(parts[part])
    def look(data: object) -> None:
        seen[not accepted(data)] += 1

    look()
    assert min(seen[True], seen[False]) >= 5, seen


@pytest.mark.parametrize("key", sorted(set(SCHEMA["properties"]) - {"parameters", *ALONE}))
@given(data=st.data())
def test_one_key_beside_a_good_file(key: str, data: st.DataObject) -> None:
    check({**LEAST, key: data.draw(like(SCHEMA["properties"][key]))})


@pytest.mark.parametrize("key", sorted(SCHEMA["properties"]["execution"]["properties"]))
@given(data=st.data())
def test_one_key_of_execution(key: str, data: st.DataObject) -> None:
    written = data.draw(like(SCHEMA["properties"]["execution"]["properties"][key]))
    check({**LEAST, "execution": {key: written}})


@given(like(SCHEMA["$defs"]["parameter"]))
def test_one_parameter(parameter: object) -> None:
    check({**LEAST, "parameters": {"lr": parameter}})


@pytest.mark.parametrize(
    ("place", "wrong"),
    [
        ("eta", {"type": ["number", "string", "null"], "exclusiveMinimum": 5}),
        ("every", False),
    ],
)
def test_a_schema_that_drifts_is_noticed(place: str, wrong: object) -> None:
    drifted = deepcopy(SCHEMA)
    pruner = drifted["properties"]["execution"]["properties"]["pruner"]
    for branch in pruner["allOf"]:
        if place in branch["then"]["properties"]:
            branch["then"]["properties"][place] = wrong
    validator = Draft202012Validator(drifted)

    def disagrees(rule: object) -> bool:
        try:
            check({**LEAST, "execution": {"pruner": rule}}, validator)
        except AssertionError:
            return True
        return False

    found = find(like(SCHEMA["properties"]["execution"]["properties"]["pruner"]), disagrees)
    assert isinstance(found, dict)
    assert place in found


def test_every_key_tells_what_it_is() -> None:
    stack: list[object] = [SCHEMA]
    while stack:
        part = stack.pop()
        if isinstance(part, dict):
            for name, inner in part.get("properties", {}).items():
                plain = isinstance(inner, dict) and set(inner) <= {
                    "const",
                    "not",
                    "type",
                    "pattern",
                    "exclusiveMinimum",
                }
                assert plain or inner["description"].endswith("."), name
            stack.extend(part.values())
        elif isinstance(part, list):
            stack.extend(part)


@pytest.mark.parametrize("folder", ["tests", "sweeps", "README.md"])
def test_the_sweep_files_of_the_house_are_taken(folder: str) -> None:
    root = Path(__file__).parents[3]
    texts = [path.read_text("utf-8") for path in sorted((root / folder).rglob("*.yaml"))]
    if folder == "README.md":
        texts = [part.partition("\n```")[0] for part in (root / folder).read_text("utf-8").split("```yaml\n")[1:]]
    for text in texts:
        try:
            document = yaml_text.parse(text, "s.yaml")
        except InvalidSweep:
            continue
        if not accepted(document.data):
            assert [fault.message for fault in VALIDATOR.iter_errors(document.data)] == []
