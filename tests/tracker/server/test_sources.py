"""What a version may be made of: whatever a client writes, it names nothing but what is its own."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.server.mlflow_api.sources import (
    Owner,
    Reference,
    needs_root,
    place_in,
    reference_of,
    require_no_host,
    require_own,
)
from tracker.server.problems import Problem

MINE, OTHERS = "a" * 32, "b" * 32
MY_MODEL, OTHER_MODEL = "m-" + "a" * 32, "m-" + "b" * 32
RUN = Owner("run_id", MINE, f"mlflow-artifacts:/0/{MINE}/artifacts")
MODEL = Owner("model_id", MY_MODEL, f"mlflow-artifacts:/0/models/{MY_MODEL}/artifacts")
PIECES = [
    *(
        "mlflow-artifacts:",
        "runs:",
        "models:",
        "file:",
        "s3:",
        "/",
        "//",
        "..",
        ".",
        "%2e%2e",
        "%2F",
        "%252e",
        "\\",
        "?",
    ),
    *(
        "#",
        "@",
        "0",
        "models",
        "artifacts",
        MINE,
        OTHERS,
        MY_MODEL,
        OTHER_MODEL,
        "%61" + "a" * 31,
        "\0",
        "\n",
        "~",
        "C:",
    ),
]
SOURCES = st.one_of(
    st.lists(st.sampled_from(PIECES), max_size=12).map("".join),
    st.lists(st.sampled_from(PIECES), max_size=6).map(
        lambda rest: f"mlflow-artifacts:/0/{MINE}/artifacts/{'/'.join(rest)}"
    ),
    st.lists(st.sampled_from(PIECES), max_size=6).map(lambda rest: f"runs:/{MINE}/{'/'.join(rest)}"),
    st.text(max_size=20),
)


# S04.
@given(SOURCES, st.sampled_from([RUN, MODEL, RUN._replace(root=None), Owner("run_id", "", None)]))
def test_what_is_taken_is_its_owners(source: str, owner: Owner) -> None:
    with contextlib.suppress(Problem):
        require_no_host(source)
        require_own(source, owner)
        place = place_in(source, {owner.id} - {""})
        assert place.owner == owner.id
        assert not place.path.startswith("/")
        assert {"..", "~"}.isdisjoint(place.path.split("/"))


@pytest.mark.parametrize(
    ("source", "owner"),
    [
        (f"runs:/{MINE}/model", RUN),
        (f"runs:/{MINE}", RUN),
        (f"mlflow-artifacts:/0/{MINE}/artifacts/model", RUN),
        (f"mlflow-artifacts:/0/models/{MY_MODEL}/artifacts", MODEL),
        (f"models:/{MY_MODEL}", MODEL),
        ("models:/net/3", RUN),
        ("s3://bucket/x y/ü", RUN),
        ("dbfs:/x", Owner("run_id", "", None)),
        ("file:///srv/runs/1/model", Owner("run_id", MINE, "file:///srv/runs/1")),
        ("/srv/runs/1/model", Owner("run_id", MINE, "/srv/runs/1")),
    ],
)
def test_what_is_its_owners_is_taken(source: str, owner: Owner) -> None:
    require_no_host(source)
    require_own(source, owner)


@pytest.mark.parametrize(
    ("source", "root"),
    [
        ("/srv/runs/1/../2/model", "/srv/runs/1"),
        ("/srv/runs/12/model", "/srv/runs/1"),
        ("/srv/runs/1", "s3://srv/runs/1"),
        ("file://host/srv/runs/1", "file:///srv/runs/1"),
        ("srv/runs/1", "/srv/runs/1"),
        ("/srv", "/"),
        (f"mlflow-artifacts:/0/{MINE}/artifactsx", RUN.root),
        (f"mlflow-artifacts:/0/{MINE}", RUN.root),
        (f" mlflow-artifacts:/0/{MINE}/artifacts", RUN.root),
        (f"mlflow-\nartifacts:/0/{MINE}/artifacts", RUN.root),
    ],
)
def test_what_only_looks_like_it_is_not_taken(source: str, root: str) -> None:
    assert needs_root(source)
    with pytest.raises(Problem, match="Invalid model version source"):
        require_own(source, Owner("run_id", MINE, root))


def test_names_of_files_may_hold_what_is_special_elsewhere() -> None:
    assert place_in(f"runs:/{MINE}/a?b#c", {MINE}) == (MINE, "a?b#c")
    assert place_in(f"mlflow-artifacts:/0/{MINE}/artifacts/a?b", {MINE}) == (MINE, "a?b")


def test_a_run_within_a_runs_path_is_another_one() -> None:
    source = f"mlflow-artifacts:/0/{MINE}/artifacts/{OTHERS}/artifacts/x"
    require_own(source, RUN)
    with pytest.raises(Problem, match="not in this store, or another run's"):
        place_in(source, {MINE})


@pytest.mark.parametrize(
    ("source", "reference"),
    [
        (f"models:/{MY_MODEL}", Reference(MY_MODEL, "", "")),
        ("models:/net/3", Reference("", "net", "3")),
        ("models:/net/latest", Reference("", "net", "latest")),
        ("models:/a@b@best", Reference("", "a@b", "@best")),
        ("models:/a b/Production", Reference("", "a b", "Production")),
        ("models:/a?b#c/1", Reference("", "a?b#c", "1")),
        ("MODELS:/net/1", Reference("", "net", "1")),
    ],
)
def test_references_are_read(source: str, reference: Reference) -> None:
    assert reference_of(source) == reference


@pytest.mark.parametrize(
    "source", ["models:", "models:/", "models:net/1", "models:/net/", "models:/ /1", "models:/a/b/c"]
)
def test_what_refers_to_nothing_is_refused(source: str) -> None:
    with pytest.raises(Problem, match="Invalid model version source"):
        reference_of(source)
