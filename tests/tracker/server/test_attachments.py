from __future__ import annotations

from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.server.attachments import BYTES, disposition, kind


@given(name=st.text(min_size=1))
def test_a_name_comes_back_from_its_header(name: str) -> None:
    header = disposition(name)
    assert header.isascii()
    assert header.isprintable()
    plain, _, escaped = header.removeprefix("attachment; filename").partition("*=UTF-8''")
    assert name == (unquote(escaped) if escaped else plain.removeprefix("="))


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("a.txt", "attachment; filename=a.txt"),
        ("dog+step+20.png", "attachment; filename=dog+step+20.png"),
        ("a b.txt", "attachment; filename*=UTF-8''a%20b.txt"),
        ('a";x=".txt', "attachment; filename*=UTF-8''a%22%3Bx%3D%22.txt"),
    ],
)
def test_only_a_plain_name_stands_as_it_is(name: str, header: str) -> None:
    assert disposition(name) == header


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.txt", "text/plain"),
        ("b.pkl", BYTES),
        ("c.png", "image/png"),
        ("d.PDF", "application/pdf"),
        ("MLmodel", "text/plain"),
        ("mlproject", "text/plain"),
        ("a.tar.gz", BYTES),
        ("page.html", BYTES),
        ("image.svg", BYTES),
        (".txt", BYTES),
        ("nothing.", BYTES),
    ],
)
def test_a_kind_is_told_by_the_name(name: str, expected: str) -> None:
    assert kind(name) == expected
