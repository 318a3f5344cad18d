"""Each of the forty-eight security checks, S01 to S48, is tried by a test that names it."""

from __future__ import annotations

import re
from pathlib import Path

HERE = Path(__file__)
TESTS = HERE.parents[1]


def test_each_has_a_test() -> None:
    texts = [path.read_text("utf-8") for path in TESTS.rglob("test_*.py") if path != HERE]
    named = {number for text in texts for number in re.findall(r"\bS\d\d\b", text)}
    assert {f"S{number:02}" for number in range(1, 49)} <= named
