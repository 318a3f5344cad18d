"""What is a leftover and what is not: the rules, without a disk."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tracker.upkeep.leftovers import GRACE_SECONDS, Facts, Kind, Piece, plan

OLD = GRACE_SECONDS + 1
MODEL, FAILED, RUN = "m-" + "1" * 32, "m-" + "2" * 32, "3" * 32


def piece(name: str, owner: str = "", *, age: float = OLD, in_use: bool = False) -> Piece:
    return Piece(Path(owner, name), 10, age, in_use, owner, name)


FACTS = Facts(
    staged=[piece("dead"), piece("alive", in_use=True)],
    unfinished=[piece("tracker.new")],
    kept=[piece("w", MODEL), piece("more", MODEL), piece("half", FAILED, age=1), piece("plots/a", RUN)],
    damaged=[piece("x.journal.damaged")],
    named=frozenset({(MODEL, "w"), (RUN, "a")}),
    failed=frozenset({FAILED}),
    log_bytes=100,
    free_bytes=200,
)
QUIET = replace(FACTS, staged=[piece("dead")])


def names(facts: Facts, *, damaged: bool = False) -> dict[Kind, list[str]]:
    return {kind: [str(each.path) for each in found] for kind, found in plan(facts, damaged=damaged).pieces.items()}


def test_where_nobody_is_at_work_everything_that_nobody_needs_goes() -> None:
    assert names(QUIET) == {
        Kind.STAGED: ["dead"],
        Kind.UNFINISHED: ["tracker.new"],
        Kind.FAILED: [f"{FAILED}/half"],
        Kind.UNNAMED: [f"{MODEL}/more", f"{RUN}/plots/a"],
    }
    assert (plan(QUIET).log_bytes, plan(QUIET).free_bytes) == (100, 200)


def test_damaged_pieces_go_only_when_asked_for() -> None:
    assert names(QUIET, damaged=True)[Kind.DAMAGED] == ["x.journal.damaged"]
    assert plan(QUIET).left_alone == ["1 (10 bytes) damaged pieces of journals; --damaged removes them"]
    assert plan(QUIET, damaged=True).left_alone == []


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        (FACTS, "processes are logging"),
        (replace(QUIET, journals_in_use=1), "processes are logging"),
        (replace(QUIET, pending_bytes=77), "77 bytes wait in journals"),
    ],
)
def test_a_file_without_a_record_stays_while_its_record_may_be_on_its_way(facts: Facts, reason: str) -> None:
    assert Kind.UNNAMED not in names(facts)
    assert any(line.startswith("2 (20 bytes)") and reason in line for line in plan(facts).left_alone)
    assert names(facts)[Kind.STAGED] == ["dead"]
    assert names(facts)[Kind.FAILED] == [f"{FAILED}/half"]


def test_a_file_without_a_record_stays_for_an_hour() -> None:
    facts = replace(QUIET, kept=[piece("new", RUN, age=GRACE_SECONDS), piece("b", RUN, age=OLD)], damaged=[])
    assert names(facts)[Kind.UNNAMED] == [f"{RUN}/b"]
    assert plan(facts).left_alone == ["1 (10 bytes) files that nothing names, as they came within the last hour"]


def test_what_a_row_names_never_goes() -> None:
    named = {(each.owner, each.name) for each in FACTS.kept}
    assert names(replace(QUIET, named=named, failed={FAILED, MODEL})).keys() == {Kind.STAGED, Kind.UNFINISHED}


def test_where_there_is_nothing_nothing_goes() -> None:
    assert (names(Facts()), plan(Facts()).left_alone) == ({}, [])


def test_files_of_a_deleted_model_go_at_once_whoever_logs() -> None:
    facts = replace(FACTS, deleted=frozenset({FAILED}), kept=[piece("w", FAILED, age=1)], failed=frozenset({FAILED}))
    assert names(facts) == {
        Kind.STAGED: ["dead"],
        Kind.UNFINISHED: ["tracker.new"],
        Kind.DELETED: [f"{FAILED}/w"],
    }
