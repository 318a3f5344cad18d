from __future__ import annotations

from sweeps.cli.troubles import Troubles


def lines(*added: tuple[int, str, bool]) -> list[str]:
    troubles = Troubles()
    for number, reason, again in added:
        troubles.add(number, reason, again=again)
    return [*map(str, troubles)]


def test_a_reason_is_one_line_with_all_who_had_it() -> None:
    assert lines((3, "OSError: full", False), (1, "ValueError: lr", False), (7, "OSError: full", False)) == [
        "trial 1 failed: ValueError: lr",
        "trials 3, 7 failed: OSError: full",
    ]


def test_who_was_tried_again_in_vain_has_failed() -> None:
    assert lines((3, "killed", True), (4, "killed", True), (3, "killed", False)) == [
        "trial 3 failed, trial 4 tried again: killed"
    ]


def test_many_are_counted_and_twice_is_once() -> None:
    many = [(number, "lost", True) for number in (1, 1, 2, 3, 4, 5, 6, 7, 8)]
    assert lines(*many) == ["trials 1, 2, 3, 4, 5, 6 and 2 more tried again: lost"]


def test_the_newest_reasons_are_kept() -> None:
    told = lines(*((number, f"reason {'x' * number}", False) for number in range(200)))
    assert len(told) == 100
    assert told[-1] == f"trial 199 failed: reason {'x' * 199}"


def test_reasons_that_differ_by_numbers_alone_are_one() -> None:
    assert lines(
        (0, "tried to allocate 4.00 GiB at 0x7f", False), (1, "tried to allocate 12.50 GiB at 0xaa", False)
    ) == ["trials 0, 1 failed: tried to allocate 12.50 GiB at 0xaa"]


# S44.
def test_what_programs_say_cannot_draw() -> None:
    assert lines((0, "red\x1b[31m\nline", False)) == ["trial 0 failed: red [31m line"]
    assert lines((0, "", True)) == ["trial 0 tried again: no reason is known"]
