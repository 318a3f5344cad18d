"""Whatever stands in a file, reading it gives a description or one clear line."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sweeps.cli.distributions import rows
from sweeps.config import from_mapping, json_text, remarks, toml_text, yaml_text
from sweeps.config.interface import Document, Reader
from sweeps.errors import InvalidSweep

WORDS = """
    method grid random bayes parameters metric name goal lr value values min max q distribution uniform q_uniform
    log_uniform_values execution timeout command early_terminate type hyperband min_iter run_cap 1 0 -3 1e-5 0.5 .nan
    30m ${args} ${x} true null ~ &a *a << !!int !x 0x_ 0b_ 1:30 2026-01-01 { } [ ] : , - ? ' " # | > % @ = --- ...
    é \\ud800 \\u0000
""".split()  # noqa: SIM905 - words read better as text
SPACES = ["\n", "\n  ", "\t", " ", ": ", ", ", "- ", " = ", "\0", "\x85", "\ufeff"]
texts = st.lists(st.sampled_from(WORDS + SPACES), max_size=30).map("".join) | st.text()
keys = st.sampled_from([word for word in WORDS if word.isidentifier()]) | st.text(max_size=3)
leaves = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.sampled_from(WORDS), st.text(), st.binary())
trees = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys | st.integers(), inner, max_size=4)
)
plausible = st.fixed_dictionaries(
    {"method": st.sampled_from(["grid", "random"]), "parameters": st.dictionaries(keys, trees, max_size=3)},
    optional={"metric": trees, "execution": st.dictionaries(keys, leaves), "early_terminate": trees, "command": trees},
)


def complaint(parse: Callable[[], Document]) -> str:
    try:
        document = parse()
        from_mapping(document.data, source="s", lines=document.lines)
    except InvalidSweep as fault:
        return str(fault)
    return "none"


def is_one_clear_line(message: str) -> bool:
    return message.isprintable() and 0 < len(message) < 800


@pytest.mark.parametrize("parse", [yaml_text.parse, json_text.parse, toml_text.parse])
@given(text=texts)
@example(text="!!int")
@example(text="!!float ''")
@example(text="- !!merge x")
@example(text="=")
@example(text="a: 0x" + "f" * 9000)
@example(text="{a: " * 150 + "1" + "}" * 150)
@example(text="&a {<<: *a}")
def test_any_text(parse: Reader, text: str) -> None:
    assert is_one_clear_line(complaint(lambda: parse(text, "s")))


@given(trees | plausible)
def test_any_tree(data: object) -> None:
    assert is_one_clear_line(complaint(lambda: Document(data)))


@given(plausible)
def test_what_is_accepted_can_be_remarked_on(data: dict[str, object]) -> None:
    with suppress(InvalidSweep):
        config = from_mapping(data)
        assert all(is_one_clear_line(f"{place}: {text}") for place, text in remarks(config, data, {}))
        assert all(is_one_clear_line(" ".join(row.to_mapping().values())) for row in rows(config.space))


@given(plausible)
def test_what_is_accepted_can_be_stored(data: object) -> None:
    with suppress(InvalidSweep):
        config = from_mapping(data)
        assert from_mapping(json.loads(json.dumps(config.to_mapping(), allow_nan=False))) == config
