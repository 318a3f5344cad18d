"""What a sweep changes of its interpreter is put back."""

from __future__ import annotations

import gc
import sys

import pytest

from sweeps.scheduler.attentive import attentive


def test_threads_take_turns_more_often_for_a_while() -> None:
    before = sys.getswitchinterval()
    with attentive():
        assert sys.getswitchinterval() < before
        assert gc.get_freeze_count() > 0
    assert sys.getswitchinterval() == before
    assert gc.get_freeze_count() == 0


def test_it_is_put_back_after_the_last_of_several_sweeps() -> None:
    before = sys.getswitchinterval()
    first, second = attentive(), attentive()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert sys.getswitchinterval() < before
    second.__exit__(None, None, None)
    assert sys.getswitchinterval() == before


def test_it_is_put_back_after_an_error() -> None:
    before = sys.getswitchinterval()
    with pytest.raises(ValueError, match="no"), attentive():
        raise ValueError("no")
    assert sys.getswitchinterval() == before
    assert gc.get_freeze_count() == 0
