from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

from sweeps.config import SweepConfig, from_mapping, read
from sweeps.errors import InvalidSweep
from sweeps.space import Categorical, LogUniformValues, Uniform

Write: TypeAlias = Callable[..., Path]

YAML = """\
# a sweep
program: train.py
method: bayes
metric: {name: accuracy, goal: maximize}
parameters:
  lr: {distribution: log_uniform_values, min: 1e-4, max: 0.1}
  width:
    values: [32, 64]
execution:
  parallel: 4
  timeout: 30m
"""
JSON = json.dumps(
    {
        "program": "train.py",
        "method": "bayes",
        "metric": {"name": "accuracy", "goal": "maximize"},
        "parameters": {
            "lr": {"distribution": "log_uniform_values", "min": 1e-4, "max": 0.1},
            "width": {"values": [32, 64]},
        },
        "execution": {"parallel": 4, "timeout": "30m"},
    },
    indent=1,
)
TOML = """\
program = "train.py"
method = "bayes"
metric = {name = "accuracy", goal = "maximize"}

[parameters]
lr = {distribution = "log_uniform_values", min = 1e-4, max = 0.1}
width.values = [32, 64]

[execution]
parallel = 4
timeout = "30m"
"""


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    monkeypatch.chdir(tmp_path)

    def written(text: str | bytes, name: str = "s.yaml") -> Path:
        path = Path(name)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return written


def problem_of(path: Path) -> str:
    with pytest.raises(InvalidSweep) as raised:
        read(path)
    message = str(raised.value)
    assert "\n" not in message
    return message


class TestFormats:
    @pytest.mark.parametrize(
        ("name", "text"),
        [("s.yaml", YAML), ("s.yml", YAML), ("s.YAML", YAML), ("s.json", JSON), ("s.yaml", JSON), ("s.toml", TOML)],
    )
    def test_all_say_the_same(self, write: Write, name: str, text: str) -> None:
        assert read(write(text, name)) == from_mapping(json.loads(JSON))

    @pytest.mark.parametrize(("name", "text"), [("s.yaml", YAML), ("s.json", JSON), ("s.toml", TOML)])
    def test_may_begin_with_a_byte_order_mark(self, write: Write, name: str, text: str) -> None:
        assert isinstance(read(write(b"\xef\xbb\xbf" + text.encode(), name)), SweepConfig)

    @pytest.mark.parametrize(("name", "text"), [("s.yaml", YAML), ("s.json", JSON), ("s.toml", TOML)])
    def test_may_come_from_another_system(self, write: Write, name: str, text: str) -> None:
        assert read(write(text.replace("\n", "\r\n"), name)) == from_mapping(json.loads(JSON))

    def test_a_program_may_be_missing(self, write: Write) -> None:
        assert read(write(YAML.replace("program: train.py\n", ""))).program is None


class TestFiles:
    def test_a_missing_file(self, write: Write) -> None:
        write("")
        assert problem_of(Path("none.yaml")) == "none.yaml: no such file"

    def test_a_folder(self, tmp_path: Path) -> None:
        assert problem_of(tmp_path) == f"{tmp_path}: is a folder; name the sweep file inside it"

    @pytest.mark.parametrize(("name", "ending"), [("s.txt", "ends in .txt"), ("sweep", "has no ending")])
    def test_another_ending(self, write: Write, name: str, ending: str) -> None:
        message = f"{name}: {ending}; a sweep file ends in .yaml, .yml, .json, .toml"
        assert problem_of(write(YAML, name)) == message

    def test_a_file_that_may_not_be_read(self, write: Write) -> None:
        path = write(YAML)
        if os.geteuid() == 0:
            # Root may read everything but what is no file's content.
            path.unlink()
            path.symlink_to("/proc/self/mem")
        else:
            path.chmod(0)
        assert problem_of(path).startswith("s.yaml: cannot be read: ")

    def test_a_path_that_is_no_path(self, write: Write) -> None:
        write(YAML)
        assert problem_of(Path("s.yaml/t.yaml")) == "s.yaml/t.yaml: cannot be read: Not a directory"

    @pytest.mark.parametrize("name", ["s.yaml", "s.json", "s.toml"])
    def test_not_utf8(self, write: Write, name: str) -> None:
        assert problem_of(write(b"a: 1\nb: \xff\n", name)) == f"{name}:2: is not UTF-8 text; save it as UTF-8"

    def test_a_file_that_is_too_large(self, write: Write) -> None:
        for name, most in (("s.yaml", 100_000), ("s.toml", 100_000), ("s.json", 1_000_000)):
            message = f"{name}: is larger than {most} bytes; a sweep file is a short description"
            assert problem_of(write(" " * (most + 1), name)) == message

    @pytest.mark.parametrize(
        ("name", "text", "holds"),
        [
            ("s.yaml", "- a\n", "a list"),
            ("s.yaml", "hello there", "text"),
            ("s.yaml", "3", "a number"),
            ("s.json", "[1]", "a list"),
            ("s.json", '"x"', "text"),
        ],
    )
    def test_no_mapping(self, write: Write, name: str, text: str, holds: str) -> None:
        message = f"{name}: holds {holds}; a sweep is a mapping with at least method and parameters"
        assert problem_of(write(text, name)) == message

    @pytest.mark.parametrize(
        ("name", "text"), [("s.yaml", ""), ("s.yaml", "# only this\n"), ("s.yaml", "---\n"), ("s.json", "null")]
    )
    def test_empty(self, write: Write, name: str, text: str) -> None:
        assert problem_of(write(text, name)) == f"{name}: is empty; write at least method and parameters"

    def test_an_empty_toml_lacks_a_method(self, write: Write) -> None:
        assert problem_of(write("", "s.toml")) == "s.toml: needs a method; write method: and one of grid, random, bayes"


class TestLines:
    @pytest.mark.parametrize(
        ("old", "new", "message"),
        [
            ("parameters:", "parametres:", "5: unknown key 'parametres'; did you mean 'parameters'?"),
            ("parallel: 4", "paralel: 4", "10: execution.paralel: unknown key 'paralel'; did you mean 'parallel'?"),
            ("min: 1e-4", "min: 0.5", "6: parameters.lr.min: min 0.5 must be below max 0.1; swap them"),
            ("min: 1e-4", "mn: 1e-4", "6: parameters.lr.mn: unknown key 'mn'; did you mean 'min'?"),
            ("min: 1e-4, ", "", "6: parameters.lr: log_uniform_values needs min; write min and max"),
            ("min: 1e-4", "min: .nan", "6: parameters.lr.min: must be a finite number, not nan"),
            ("values: [32, 64]", "values: []", "8: parameters.width.values: is empty; list at least one value"),
            (
                "values: [32, 64]",
                "values:\n    - 32\n    - {3: 4}",
                "10: the key 3 is not text; put it in quotes",
            ),
            ("goal: maximize", "goal: max", "4: metric.goal: unknown goal 'max'; known are minimize, maximize"),
            ("metric: {name: accuracy, goal: maximize}\n", "", "3: method: bayes needs a metric; write metric: "),
            ("method: bayes", "method: grid", "6: parameters.lr: grid search needs a finite list, and log_uniform"),
            ("timeout: 30m", "timeout: soon", "11: execution.timeout: 'soon' is no length of time; write seconds,"),
            ("program: train.py", "command: [a, '${arg}']", "2: command[1]: unknown macro '${arg}'; did you mean"),
            ("  lr:", "  on:", "6: the key on is not text; put it in quotes"),
            ("  lr:", "  l r:", "6: parameters.l r: the name 'l r' must begin with a letter or _"),
        ],
    )
    def test_of_yaml(self, write: Write, old: str, new: str, message: str) -> None:
        assert old in YAML
        found = problem_of(write(YAML.replace(old, new)))
        assert found.startswith(f"s.yaml:{message}")

    def test_of_what_came_in_through_an_alias(self, write: Write) -> None:
        text = "x: &x {min: 3, max: 1}\n" + YAML.replace("values: [32, 64]", "<<: *x")
        shifted = text.replace("x: &x", "job: &x")
        assert problem_of(write(shifted)) == "s.yaml:1: parameters.width.min: min 3 must be below max 1; swap them"

    def test_of_what_overrides_a_merge(self, write: Write) -> None:
        text = "job: &x {min: 3, max: 1}\n" + YAML.replace("values: [32, 64]", "min: 7\n    <<: *x")
        assert problem_of(write(text)) == "s.yaml:9: parameters.width.min: min 7 must be below max 1; swap them"

    @pytest.mark.parametrize(("name", "text"), [("s.json", JSON), ("s.toml", TOML)])
    def test_are_not_known_of_other_formats_but_the_place_is(self, write: Write, name: str, text: str) -> None:
        path = write(text.replace("0.1", "0.00001"), name)
        assert problem_of(path) == f"{name}: parameters.lr.min: min 0.0001 must be below max 1e-05; swap them"


class TestYaml:
    @pytest.mark.parametrize(
        ("text", "message"),
        [
            (
                "a: [1\n",
                (
                    "2: not valid YAML: expected ',' or ']', but got '<stream end>'; "
                    "close the bracket before it, or put the text in quotes"
                ),
            ),
            (
                "a: 1\nb: c: d\n",
                (
                    "2: not valid YAML: mapping values are not allowed here; "
                    "put a text with a colon in quotes, or begin a new line"
                ),
            ),
            (
                "a: 1\n\tb: 2\n",
                "2: not valid YAML: found character '\\t' that cannot start any token; indent with blanks",
            ),
            ("a: 1\nb: \x01\n", "2: not valid YAML: the character U+0001 may not stand here"),
            ("a: 1\nb: *x\n", "2: not valid YAML: found undefined alias 'x'; put a text that begins with * in quotes"),
            ("a: 1\n---\nb: 2\n", "2: not valid YAML: but found another document; keep one document, without ---"),
            (
                "a: 1\nb: !!int x\n",
                "2: not valid YAML: 'x' is not what its type says; remove what stands before it and begins with !!",
            ),
            (
                "a: 1\nb: !!int ''\n",
                "2: not valid YAML: '' is not what its type says; remove what stands before it and begins with !!",
            ),
            (
                "a: 1\nb: !!bool x\n",
                "2: not valid YAML: 'x' is not what its type says; remove what stands before it and begins with !!",
            ),
            (
                "a: 1\nb: 0b_\n",
                "2: not valid YAML: '0b_' is not what its type says; remove what stands before it and begins with !!",
            ),
            (
                "a: 1\nb: !!python/object/apply:os.system [id]\n",
                "2: the type 'python/object/apply:os.system' may not stand here; write plain values",
            ),
            ("a: 1\nb: !mine 3\n", "2: the type '!mine' may not stand here; write plain values"),
            ("a: 1\nb: !!set {x}\n", "2: the type 'set' may not stand here; write plain values"),
            ("a: 1\nb: !!timestamp x\n", "2: the type 'timestamp' may not stand here; write plain values"),
            ("a: 1\nb: 2\na: 3\n", "3: the key 'a' stands twice, first on line 1; keep one"),
            ("m:\n  x: 1\n  y: 2\n  x: 3\n", "4: the key 'x' stands twice, first on line 2; keep one"),
            ("a: 1\n3: 1\n", "2: the key 3 is not text; put it in quotes"),
            ("a: 1\nno: 1\n", "2: the key no is not text; put it in quotes"),
            ("? [a]\n: 1\n", "1: a key must be text, not a list or a mapping"),
            ("a: &a [1, *a]\n", "1: an alias stands inside what it is an alias of; write it out"),
        ],
    )
    def test_faults(self, write: Write, text: str, message: str) -> None:
        assert problem_of(write(text)) == f"s.yaml:{message}"

    def test_laughs_are_counted_and_not_built(self, write: Write) -> None:
        text = "a0: &a0 [x, x]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]\n" for i in range(1, 40))
        message = "s.yaml:16: comes to more than 100000 values with its aliases written out; make it smaller"
        assert problem_of(write(text)) == message

    def test_laughs_by_merging_are_counted(self, write: Write) -> None:
        text = "a0: &a0 {x: 1}\n" + "".join(f"a{i}: &a{i} {{<<: [*a{i - 1}, *a{i - 1}]}}\n" for i in range(1, 60))
        assert "comes to more than 100000 values" in problem_of(write(text))

    @pytest.mark.parametrize(("name", "kind"), [("s.yaml", "YAML"), ("s.json", "JSON"), ("s.toml", "TOML")])
    def test_deep_nesting(self, write: Write, name: str, kind: str) -> None:
        text = ("a = " if kind == "TOML" else "") + "[" * 20_000
        assert problem_of(write(text, name)) == f"{name}: not valid {kind}: nested too deeply"

    @pytest.mark.parametrize(
        ("written", "value"),
        [
            ("1e-5", 1e-5),
            ("1.0e5", 1e5),
            ("-1E+2", -100.0),
            (".5e1", 5.0),
            ("1.0e-4", 1e-4),
            ("2026-01-31", "2026-01-31"),
            ("'32'", "32"),
            ("32", 32),
            ("1_000", 1000),
            ("yes", True),
            ("null", None),
            ("~", None),
            ("e5", "e5"),
            ("1e5x", "1e5x"),
        ],
    )
    def test_values_are_what_their_authors_mean(self, write: Write, written: str, value: object) -> None:
        text = f"method: random\nparameters: {{x: {{values: [{written}]}}}}\n"
        found = read(write(text)).space["x"]
        assert found == Categorical((value,))
        assert repr(found) == repr(Categorical((value,)))

    def test_aliases_and_merges_work(self, write: Write) -> None:
        text = """\
method: random
parameters:
  a: &range {min: 0.0, max: 1.0}
  b: *range
  c: {<<: *range, max: 2.0}
"""
        space = read(write(text)).space
        assert dict(space) == {"a": Uniform(0, 1), "b": Uniform(0, 1), "c": Uniform(0, 2)}

    def test_the_float_that_yaml_takes_for_text(self, write: Write) -> None:
        assert read(write(YAML)).space["lr"] == LogUniformValues(1e-4, 0.1)


class TestJson:
    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("", ":1: not valid JSON: Expecting value"),
            ('{"a": 1,\n "b" 2}', ":2: not valid JSON: Expecting ':' delimiter"),
            ('{"a": 1,\n "a": 2}', ": the key 'a' stands twice; keep one"),
            (
                '{"method": "random", "parameters": {"x": {"values": [NaN]}}}',
                ": parameters.x.values[0]: nan has no JSON",
            ),
        ],
    )
    def test_faults(self, write: Write, text: str, message: str) -> None:
        assert problem_of(write(text, "s.json")).startswith(f"s.json{message}")

    def test_a_number_too_long_to_read(self, write: Write) -> None:
        assert problem_of(write("9" * 5000, "s.json")) == "s.json: not valid JSON: holds a number that is too long"


class TestToml:
    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("a = 1\nb = \n", ":2: not valid TOML: Invalid value"),
            ("a = 1\na = 2\n", ":2: not valid TOML: Cannot overwrite a value"),
            ("a = ", ": not valid TOML: Invalid value (at end of document)"),
            ("a = " + "9" * 5000, ": not valid TOML: holds a number that is too long"),
            ("method = 'random'\n[parameters.x]\nvalues = [2026-01-02]\n", ": parameters.x.values[0]: datetime.date("),
        ],
    )
    def test_faults(self, write: Write, text: str, message: str) -> None:
        assert problem_of(write(text, "s.toml")).startswith(f"s.toml{message}")
