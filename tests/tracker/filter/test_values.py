from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.filter import as_number
from tracker.filter.patterns import ascii_lower, matches


class TestNumbers:
    @pytest.mark.parametrize(
        ("value", "number"),
        [
            (1, 1.0),
            (0.5, 0.5),
            ("0.5", 0.5),
            (" 1e-3 ", 0.001),
            ("-7", -7.0),
            (True, None),
            (None, None),
            ("", None),
            ("adam", None),
            ("True", None),
            ("1_000", None),
            ("0x10", None),
            ("nan", None),
            ("inf", None),
            (float("nan"), None),
            (float("-inf"), None),
            ("1e999", None),
            (10**400, None),
            ([1], None),
        ],
    )
    def test_what_counts_as_a_number(self, value: object, number: float | None) -> None:
        assert as_number(value) == number

    @given(st.floats(allow_nan=False, allow_infinity=False))
    def test_reads_back_what_repr_wrote(self, value: float) -> None:
        assert as_number(repr(value)) == as_number(value) == value


class TestPatterns:
    @pytest.mark.parametrize(
        ("pattern", "text", "fits"),
        [
            ("", "", True),
            ("", "a", False),
            ("%", "", True),
            ("%", "anything", True),
            ("_", "", False),
            ("_", "é", True),
            ("a%", "abc", True),
            ("%c", "abc", True),
            ("%b%", "abc", True),
            ("a%c", "abc", True),
            ("ab%bc", "abc", False),
            ("a_c", "abc", True),
            ("A%", "abc", False),
            ("*", "anything", False),
            ("[ab]", "a", False),
            ("%ab%ab%", "xabyabz", True),
            ("%ab%ab%", "xabz", False),
            ("%_", "", False),
        ],
    )
    def test_like(self, pattern: str, text: str, *, fits: bool) -> None:
        assert matches(text, pattern) is fits

    def test_many_wildcards_take_no_choice_back(self) -> None:
        assert not matches("a" * 2_000, "%a" * 200 + "%b")

    def test_only_ascii_letters_are_lowered(self) -> None:
        assert ascii_lower("AZÄİ") == "azÄİ"
