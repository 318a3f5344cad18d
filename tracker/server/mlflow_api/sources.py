"""What a version of a registered model may be made of, by the URI that says it, which nobody follows: pure.

A source that names something of this store must be of the run or of the logged model that the version is said to be of;
else whoever may register a model could read by it what he may not.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import NamedTuple
from urllib.parse import unquote

from ..problems import Problem, bad_value
from .artifacts import Place, place_of, relative_of

MODELS, RUNS, PROXY = "models", "runs", "mlflow-artifacts"
_LOCAL = frozenset({"", "file"})
# In words that MLflow's tests look for.
_ABSOLUTE = (
    "If supplying a source as an http, https, ftp, object store's or mlflow-artifacts URI, "
    "an absolute path must be provided without relative path references present"
)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*")
# Schemes that name a host; this server connects to none for a client, and lets none be named for others either.
_HOSTED = frozenset({"http", "https", "ftp", "sftp", "hdfs", "viewfs", "r2", "b2", "abfss"})


class _Parts(NamedTuple):
    """A URI, or a path, which has no scheme."""

    scheme: str
    netloc: str
    path: str


class Owner(NamedTuple):
    """The run or the logged model that a version is said to be of: by which field, its ID, and where its files are."""

    field: str
    id: str
    root: str | None


class Reference(NamedTuple):
    """What stands behind `models:/`: a logged model's ID, or a registered model's name and which version of it."""

    model_id: str
    name: str
    wanted: str


def scheme_of(source: str) -> str:
    """Return a source's scheme, "" if it is a path."""
    return _split(source).scheme


def reference_of(source: str) -> Reference:
    """Return what a source of the scheme `models` names.

    Raises:
        Problem: nothing.
    """
    parts = _split(source)
    if parts.netloc:
        raise _invalid(source, "A registered model is one of this server's: models:/NAME/VERSION")
    path = parts.path.removeprefix("/") if parts.path.startswith("/") else ""
    name, slash, wanted = path.partition("/")
    if not slash and "@" in name:
        name, at, alias = name.rpartition("@")
        wanted = at + alias if alias else ""
        slash = at
    if not name.strip() or "/" in wanted or (slash and not wanted.strip()):
        raise _foreign(source, "model_id")
    return Reference("", name, wanted) if slash else Reference(name, "", "")


def require_no_host(source: str) -> None:
    """Check that a source names no host.

    Raises:
        Problem: it does.
    """
    parts = _split(source)
    if parts.scheme in _HOSTED or (parts.scheme == PROXY and parts.netloc):
        raise bad_value(f"'source' cannot use the {parts.scheme!r} scheme with a host: it is not this server's")


def needs_root(source: str) -> bool:
    """Whether it depends on where its owner's files are if a source may be taken."""
    return scheme_of(source) in {*_LOCAL, PROXY}


def require_own(source: str, owner: Owner) -> None:
    """Check that a source is of its owner, if it is of this store.

    Raises:
        Problem: it is not, or it is no plain URI.
    """
    parts = _split(source)
    if parts.scheme in _LOCAL:
        if owner.root is None or not _is_local_within(parts, _split(owner.root)):
            raise _invalid(
                source,
                f"To use a local path as a model version source, the {owner.field} request parameter has to be "
                f"specified, and the path has to be within its artifact directory",
            )
        return
    _require_plain(source)
    if not _is_own(source, owner):
        raise _foreign(source, "model_id" if parts.scheme == MODELS else owner.field)


def place_in(source: str, owners: Collection[str]) -> Place:
    """Return which files of one of these owners, by their IDs, a source means.

    Raises:
        Problem: it means none of theirs, and is not followed.
    """
    place = _place(_split(source))
    if place is None or place.owner not in owners:
        raise bad_value(f"the files of {source!r} are not in this store, or another run's")
    return place


def _place(parts: _Parts) -> Place | None:
    path = parts.path.removeprefix("/")
    if parts.netloc or parts.scheme not in {PROXY, RUNS}:
        return None
    if parts.scheme == PROXY:
        return place_of(path)
    run_id, _, rest = path.partition("/")
    return Place(run_id, relative_of(rest))


def _is_own(source: str, owner: Owner) -> bool:
    parts = _split(source)
    match parts.scheme:
        case "runs":
            run_id = parts.path.removeprefix("/").partition("/")[0]
            return owner.field == "run_id" and not parts.netloc and bool(owner.id) and run_id == owner.id
        case "models":
            model_id = reference_of(source).model_id
            return not model_id or (owner.field == "model_id" and model_id == owner.id)
        case "mlflow-artifacts":
            return owner.root is not None and _is_within(parts, _split(owner.root))
        case _:
            return True


def _is_local_within(parts: _Parts, root: _Parts) -> bool:
    """Whether a path is in a folder; where both come to lie is not looked at."""
    if root.scheme not in _LOCAL or parts.netloc or root.netloc or not parts.path.startswith("/"):
        return False
    return {".", ".."}.isdisjoint(_segments(parts)) and _starts(_segments(parts), _segments(root))


def _is_within(parts: _Parts, root: _Parts) -> bool:
    same = (parts.scheme, parts.netloc.lower()) == (root.scheme, root.netloc.lower())
    return same and _starts(_segments(parts), _segments(root))


def _starts(segments: list[str], root: list[str]) -> bool:
    return bool(root) and segments[: len(root)] == root


def _segments(parts: _Parts) -> list[str]:
    return [each for each in parts.path.split("/") if each]


def _require_plain(source: str) -> None:
    plain = _unquoted(source)
    if "\0" in plain or not {".", ".."}.isdisjoint(re.split(r"[/\\]", plain)):
        raise _invalid(source, _ABSOLUTE)


def _unquoted(text: str) -> str:
    while (plain := unquote(text)) != text:
        text = plain
    return text


def _split(source: str) -> _Parts:
    # Names and paths may hold ? and #, which are nothing special here; and what is no scheme makes it a path.
    scheme, colon, rest = source.partition(":")
    if not colon or not _SCHEME.fullmatch(scheme):
        return _Parts("", "", source)
    if not rest.startswith("//"):
        return _Parts(scheme.lower(), "", rest)
    netloc, slash, path = rest.removeprefix("//").partition("/")
    return _Parts(scheme.lower(), netloc, slash + path)


def _foreign(source: str, field: str) -> Problem:
    return _invalid(source, f"The {field} request parameter must identify the resource that contains the source")


def _invalid(source: str, why: str) -> Problem:
    return bad_value(f"Invalid model version source: '{source[:200]}'. {why}.")
