"""What users may be called, and what may be a password."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.errors import InvalidInput
from tracker.server.auth import canonical_name, require_password

WITH_SIGNS = (" ", "a b", "a/b", "a:b", "a@b", "a\\b", "a\nb", "a\0b", "ann ", "%61nn", "a;b", "<ann>", "\ud800")
WITH_WHAT_IS_NOT_SEEN = (
    *("\u202eann", "a\u200bnn", "a\u00adnn", "\ufeffann", "\u3164", "a\u3164", "a\ufe0fb", "a\u034fb", "ann\U000e0100"),
)
COMMON = (
    *("password1234", "Password-1234", "PASSWORD!!!!", "passwordpassword", "administrator", "admin123456789"),
    *("changeme1234", "letmein99999", "123456789012", "aaaaaaaaaaaaaaaa", "ababababababab", "qwertyuiop12"),
)
OF_THE_NAME = ("bartholomew1", "Bartholomew-2026", "wemolohtrab-1")


def named(text: str) -> str | None:
    try:
        return canonical_name(text)
    except InvalidInput:
        return None


# S26.
@given(st.text(max_size=20))
def test_a_name_has_one_form(text: str) -> None:
    name = named(text)
    if name is not None:
        assert canonical_name(name) == name
        for form in ("NFC", "NFD", "NFKC", "NFKD"):
            twins = (unicodedata.normalize(form, text), unicodedata.normalize(form, name).upper())
            # Some letters have no other case to come back from.
            assert {named(twin) for twin in twins} <= {name, named(name.upper())}


# S26.
@given(st.text(st.characters(categories=["Ll", "Lu", "Nd"], max_codepoint=127), min_size=1, max_size=30))
def test_case_is_folded(text: str) -> None:
    assert {canonical_name(each) for each in (text, text.upper(), text.lower())} == {text.lower()}


# S26.
@given(st.text(min_size=1), st.characters(categories=["Cc", "Cf", "Cn", "Co", "Zs", "Zl", "Zp"]))
def test_what_is_not_seen_is_in_no_name(text: str, unseen: str) -> None:
    for twin in (text + unseen, unseen + text, f"a{unseen}b"):
        assert named(twin) is None or unicodedata.normalize("NFKC", unseen).isalnum()


# S26.
@pytest.mark.parametrize("text", [*WITH_SIGNS, *WITH_WHAT_IS_NOT_SEEN, "", "a" * 65, ".ann", "-ann"])
def test_nobody_is_called(text: str) -> None:
    with pytest.raises(InvalidInput, match="cannot be called"):
        canonical_name(text)


@pytest.mark.parametrize("text", ["ann", "Ann-Marie.O+1", "ünal", "\u5c71\u7530", "ann_2", "7", "नाम"])
def test_somebody_is_called(text: str) -> None:
    assert canonical_name(text)


# S21.
@pytest.mark.parametrize(
    "password", [*COMMON, *OF_THE_NAME, "", "x", "x" * 2000, "correct\thorse battery", "\ud800" * 12]
)
def test_a_password_that_is_guessed_is_refused(password: str) -> None:
    with pytest.raises(InvalidInput):
        require_password(password, "bartholomew")


@pytest.mark.parametrize(
    "password", ["correct horse battery", "ünïcödé-wörds", "8fj3!kd9_xz2", "the password of ann is long"]
)
def test_a_password_that_is_not_guessed_is_taken(password: str) -> None:
    assert require_password(unicodedata.normalize("NFD", password), "ann") == unicodedata.normalize("NFC", password)
