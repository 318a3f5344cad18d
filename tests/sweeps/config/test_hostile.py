"""Sweep files that were made to run something, or to take all time and memory: one line, soon (S31)."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from sweeps.config.files import MOST_BYTES, MOST_JSON_BYTES
from sweeps.config.toml_text import MOST_PARTS, parse
from sweeps.errors import InvalidSweep

# Reads each file named, alone on the processor for so long at most; prints what came of it, and the memory it took.
READS_ALL = """
    import json, resource, signal, sys
    from pathlib import Path
    from sweeps.config.files import read
    from sweeps.errors import InvalidSweep

    def used():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    before = used()
    for path in sorted(Path(sys.argv[1]).iterdir()):
        # Of the processor's time, not the clock's: several times of what any file takes on a machine in use.
        signal.setitimer(signal.ITIMER_PROF, 5)
        try:
            read(path)
        except InvalidSweep as problem:
            print(json.dumps([path.name, str(problem)]))
    print(json.dumps(["KiB", used() - before]))
"""
RUNS = """touch {canary}"""
TAGS = (
    "!!python/object/apply:os.system [{runs}]",
    "!!python/object/apply:subprocess.check_output [[touch, {canary}]]",
    "!!python/object/new:os.system [{runs}]",
    "!!python/object:builtins.eval {{}}",
    "!!python/name:os.system ''",
    "!!python/module:antigravity ''",
    "!!python/tuple [1]",
    "!<tag:yaml.org,2002:python/object/apply:os.system> [{runs}]",
    "!!js/function 'function () {{}}'",
    "!!binary aGk=",
    "!ENV ${{HOME}}",
    "!include /etc/passwd",
)


def many(line: str, count: int, first: str = "") -> str:
    return first + "".join(line.format(i, i + 1) for i in range(count))


def bombs(most: int) -> Iterator[tuple[str, str]]:
    """Yield files, by name, of at most so many bytes, but for JSON."""
    yield "laughs.yaml", many("a{1}: &a{1} [*a{0}, *a{0}]\n", 60, "a0: &a0 [x, x]\n")
    yield "laughs_by_ten.yaml", many(f"a{{1}}: &a{{1}} [{', '.join(['*a{0}'] * 10)}]\n", 12, "a0: &a0 [x, x]\n")
    yield "merges.yaml", many("a{1}: &a{1} {{<<: [*a{0}, *a{0}]}}\n", 60, "a0: &a0 {x: 1}\n")
    yield (
        "wide_merges.yaml",
        many("b{0}: {{<<: *a}}\n", 40, f"a: &a {{{', '.join(f'k{i}: 1' for i in range(3000))}}}\n"),
    )
    yield "chained_merges.yaml", many("a{1}: &a{1} {{<<: *a{0}, k{1}: 1}}\n", 1000, "a0: &a0 {k0: 1}\n")
    yield "own_alias.yaml", "a: &a {b: [*a]}\n"
    yield "twice.yaml", "a: 1\n" * (most // 5)
    yield "base_sixty.yaml", "a: 1" + ":59" * (most // 3 - 2)
    yield "long.yaml", f"a: {'9' * (most - 3)}"
    for ending, opening in (("yaml", "["), ("yaml", "{a: "), ("yaml", "- "), ("json", "["), ("json", '{"a":')):
        yield f"deep_{ord(opening[0])}.{ending}", opening * (most // len(opening))
    yield "deep.toml", "a = " + "[" * (most - 4)
    yield "deep_tables.toml", "a = " + "{b = " * (most // 5 - 1)
    yield "dotted.toml", "a" + ".a" * (most // 2 - 4) + " = 1"
    yield "dotted_table.toml", f"[a{'.a' * (most // 2 - 2)}]"
    yield "dotted_quotes.toml", '"=" . ' * (most // 6 - 2) + "a = 1"
    yield "dotted_literals.toml", "'#'\t." * (most // 5 - 2) + "a = 1"
    yield "dotted_inline.toml", "a = {b = 1, " + "c." * (most // 2 - 20) + "c = 1}"
    yield "quotes.toml", '"' + '\\"' * (most // 2 - 1)
    yield "tables.toml", "[[a]]\n" * (most // 6)
    yield "long.toml", f"a = {'9' * (most - 4)}"
    yield "twice.toml", "a = 1\na = 2\n"
    yield "twice.json", '{"a": 1, "a": 2}'
    yield "keys.json", json.dumps({f"k{number}": 1 for number in range(70_000)})
    yield "long.json", "9" * MOST_JSON_BYTES
    yield "too_large.json", " " * (MOST_JSON_BYTES + 1)
    yield "too_large.yaml", "#" * (MOST_BYTES + 1)


def test_no_file_takes_long_or_runs_anything(
    tmp_path: Path, run_python: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    canary, place = tmp_path / "canary", tmp_path / "files"
    runs = RUNS.format(canary=canary)
    files = dict(bombs(MOST_BYTES))
    assert all(len(text) <= MOST_BYTES for name, text in files.items() if "json" not in name and "large" not in name)
    for number, tag in enumerate(TAGS):
        files[f"tag_{number}.yaml"] = f"method: grid\nparameters:\n  x: {tag.format(runs=runs, canary=canary)}\n"
    place.mkdir()
    for name, text in files.items():
        (place / name).write_text(text)
    told = dict(json.loads(line) for line in run_python(READS_ALL, place).stdout.splitlines())
    assert told.pop("KiB") < 50 << 10
    assert told.keys() == files.keys()
    assert all("\n" not in line and len(line) < 1000 for line in told.values())
    for number in range(len(TAGS)):
        assert "may not stand here" in told[f"tag_{number}.yaml"]
    assert not canary.exists()
    # They would have shown.
    for tag in TAGS[:3]:
        yaml.unsafe_load(tag.format(runs=runs, canary=canary))
        canary.unlink()


@pytest.mark.parametrize("key", ["a", '"a.b"', "'a'", "a \t", '"\\""'])
def test_a_key_of_toml_has_so_many_parts_at_most(key: str) -> None:
    for text in ("{} = 1", "[{}]", "[[{}]]", "a = {{{} = 1}}"):
        assert parse(text.format(".".join([key] * MOST_PARTS)), "s.toml").data
        with pytest.raises(InvalidSweep, match=r"^s.toml:2: a key has more than 64 parts; write tables$"):
            parse("\n" + text.format(".".join([key] * (MOST_PARTS + 1))), "s.toml")


@pytest.mark.parametrize(
    "text",
    [
        f"# {'.' * 200}\na = 1",
        f"a = [{', '.join(['0.5'] * 200)}]",
        f"a = '{'a.' * 200}'",
        f'a = "{"a." * 200}"',
        f"a = '''\n{'one. two, ' * 200}'''",
        "a.b = 1\n" + "\n".join(f"a.c{number}.d = 1.5" for number in range(200)),
    ],
)
def test_dots_elsewhere_are_no_parts(text: str) -> None:
    assert parse(text, "s.toml").data
