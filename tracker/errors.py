"""Everything that tracker raises on purpose.

    TrackerError
    ├── InvalidInput                what the caller gave cannot be used
    │   ├── InvalidFilter           a filter or an order that does not parse
    │   │   └── FilterTooLarge      longer or deeper than can be searched by
    │   ├── InvalidMetric           a metric's name, value or step
    │   ├── InvalidPageToken
    │   ├── InvalidFrame            a piece of a journal that a server cannot store
    │   │   └── FramesRefused       whoever sent it may not change what it is about
    │   ├── AmbiguousDataset        several datasets fit where one is needed
    │   └── SaveFailed              a checkpoint's save function wrote nothing usable
    ├── NotFound                    no such thing in the store
    │   ├── StoreNotFound
    │   ├── ExperimentNotFound
    │   ├── RunNotFound
    │   ├── ModelNotFound
    │   ├── RegisteredModelNotFound
    │   ├── VersionNotFound         no version of that number or alias
    │   ├── DatasetNotFound
    │   ├── TagNotFound
    │   ├── UserNotFound
    │   └── TokenNotFound
    ├── Conflict                    contradicts what was said before
    │   ├── ExperimentExists        perhaps a deleted one
    │   ├── RegisteredModelExists
    │   ├── NotActive               what is deleted is not written to
    │   ├── ParamChanged            a param has another value already
    │   ├── ParamExists             a logged model has that param already
    │   ├── OutputExists            a run has that output already
    │   ├── JournalGap              what was sent does not follow what is stored
    │   ├── ModelPinned             an alias means the logged model, so it stays
    │   ├── UserExists
    │   ├── TokenExists             a user has a token of that name already
    │   └── LastAdmin               somebody must be left who may do everything
    ├── NotAllowed                  who asks may see it, and not do that with it
    ├── StoreError                  the store itself
    │   ├── NotAStore               the folder holds something else
    │   ├── StoreTooNew             written by a newer version
    │   ├── StoreTooOld             written by an older version, and not upgraded yet
    │   ├── StoreReadOnly
    │   ├── NetworkFileSystem       its folder is on another machine's disk
    │   ├── StoreUnavailable        cannot be written, or reached, just now
    │   ├── AccessRefused           a server wants to know who asks
    │   └── BackupFailed            no copy of it was made
    ├── ArtifactDamaged             a file's bytes are not those that were logged
    ├── NotSupported                not offered by this kind of store
    ├── MissingExtra                an optional library is not installed
    └── Closed                      used after it was closed

A message is one line (a filter's may add the text and a caret), built here from the facts; the facts stay
on the exception as attributes.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path

# Characters of an expression, and of a word, that a message shows.
SHOWN = 120
BRIEF = 60


class TrackerError(Exception):
    """Base of every error that tracker raises on purpose."""


class InvalidInput(TrackerError, ValueError):
    """What the caller gave cannot be used; nothing was done with it."""


class InvalidFilter(InvalidInput):
    """A filter or an order that does not parse.

    `text` is the whole expression and `position` the offset of the first character that does not fit. `repaired` is the
    nearest text that parses, where one small repair is enough. Of a long text the message shows what is around there.
    """

    def __init__(self, problem: str, text: str, position: int, repaired: str | None = None) -> None:
        self.problem = problem
        self.text = text
        self.position = position
        self.repaired = repaired
        start = window_start(text, position)
        lines = [problem, f"  {window(text, start)}", f"  {' ' * (position - start)}^"]
        if repaired is not None:
            lines.append(f"  did you mean: {window(repaired, window_start(repaired, position))}")
        super().__init__("\n".join(lines))


class FilterTooLarge(InvalidFilter):
    """A filter or an order that is longer or deeper, or has more parts, than can be searched by."""


class InvalidMetric(InvalidInput):
    """A metric's name, value or step that cannot be kept."""

    def __init__(self, key: object, problem: str) -> None:
        self.key = key
        super().__init__(f"metric {key!r}: {problem}")


class InvalidPageToken(InvalidInput):
    """A page token that this query did not give out."""

    def __init__(self) -> None:
        super().__init__("the page token is not one that this query gave; start again without a token")


class InvalidFrame(InvalidInput):
    """A piece of a journal that a server cannot store, nor what came with it; `offset` is its place in its part."""

    def __init__(self, offset: int, reason: str) -> None:
        self.offset = offset
        self.reason = reason
        super().__init__(f"the frame at byte {offset} cannot be stored: {reason}")


class FramesRefused(InvalidFrame):
    """Pieces of a journal, from `offset` to `end`, are about what whoever sent them may not change.

    `missing` says what it is that there is not, or not for them: a "run", which another program may still have to tell
    of, an "experiment" and so on; it is "" if they may read it.
    """

    def __init__(self, offset: int, end: int, reason: str, missing: str = "") -> None:
        self.end = end
        self.missing = missing
        super().__init__(offset, reason)


class AmbiguousDataset(InvalidInput):
    """Several datasets fit where one is needed."""

    def __init__(self, metric: str, found: Iterable[str]) -> None:
        self.metric = metric
        self.found = tuple(found)
        super().__init__(
            f"{metric!r} was measured on {len(self.found)} datasets: {', '.join(self.found)}; "
            "name the one to rank by (dataset=…, or --dataset NAME[@DIGEST])",
        )


class SaveFailed(InvalidInput):
    """A checkpoint's save function wrote nothing usable."""

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(f"checkpoint {name!r}: {problem}")


class NotFound(TrackerError, LookupError):
    """No such thing in the store."""

    def __init__(self, what: str, wanted: str, known: Iterable[str] = ()) -> None:
        self.wanted = wanted
        self.known = tuple(known)
        # Without what there is instead, which is not everybody's to know.
        self.bare = f"no {what} {wanted!r}"
        super().__init__(self.bare + suggestion(wanted, self.known))


class StoreNotFound(NotFound):
    """There is no store at that place."""

    def __init__(self, path: Path) -> None:
        super().__init__("store at", str(path))


class ExperimentNotFound(NotFound):
    """No experiment of that name or ID."""

    def __init__(self, wanted: str, known: Iterable[str] = ()) -> None:
        super().__init__("experiment", wanted, known)


class RunNotFound(NotFound):
    """No run of that ID."""

    def __init__(self, wanted: str) -> None:
        super().__init__("run", wanted)


class ModelNotFound(NotFound):
    """No logged model of that ID."""

    def __init__(self, wanted: str) -> None:
        super().__init__("logged model", wanted)


class RegisteredModelNotFound(NotFound):
    """No registered model of that name."""

    def __init__(self, wanted: str, known: Iterable[str] = ()) -> None:
        super().__init__("registered model", wanted, known)


class VersionNotFound(NotFound):
    """A registered model has no version of that number or alias."""

    def __init__(self, name: str, wanted: str, known: Iterable[str] = ()) -> None:
        self.name = name
        super().__init__(f"version or alias of registered model {name!r} is called", wanted, known)


class DatasetNotFound(NotFound):
    """No dataset of that name, or of that name and digest."""

    def __init__(self, wanted: str, known: Iterable[str] = ()) -> None:
        known = tuple(known)
        super().__init__("dataset", wanted, known)
        if not known:
            self.args = (f"{self}; nothing was measured on any dataset here",)


class TagNotFound(NotFound):
    """A run or an experiment has no tag of that name."""

    def __init__(self, what: str, owner: str, key: str) -> None:
        self.what = what
        self.owner = owner
        self.key = key
        super().__init__(f"tag of {what} {owner} is called", key)


class UserNotFound(NotFound):
    """No user of that name."""

    def __init__(self, wanted: str, known: Iterable[str] = ()) -> None:
        super().__init__("user", wanted, known)


class TokenNotFound(NotFound):
    """A user has no token of that name."""

    def __init__(self, user: str, wanted: str, known: Iterable[str] = ()) -> None:
        self.user = user
        super().__init__(f"token of user {user!r} is called", wanted, known)


class Conflict(TrackerError):
    """Contradicts what was said before."""


class ExperimentExists(Conflict):
    """There is an experiment of that name; a deleted one keeps its name, since it can be restored."""

    def __init__(self, name: str, stage: str) -> None:
        self.name = name
        self.stage = stage
        hint = "; it is deleted: restore it, or take another name" if stage == "deleted" else ""
        super().__init__(f"there is an experiment {name!r} already{hint}")


class RegisteredModelExists(Conflict):
    """There is a registered model of that name."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"there is a registered model {name!r} already")


class NotActive(Conflict):
    """What was deleted is not written to until it is restored; and what was not deleted is not restored."""

    def __init__(self, what: str, owner: str, stage: str) -> None:
        self.what = what
        self.owner = owner
        self.stage = stage
        super().__init__(f"{what} {owner} is {stage}")


class ParamChanged(Conflict):
    """A param never changes."""

    def __init__(self, run_id: str, key: str, old: str, new: str) -> None:
        self.run_id = run_id
        self.key = key
        self.old = old
        self.new = new
        super().__init__(f"param {key!r} of run {run_id} is {brief(old)} already and cannot become {brief(new)}")


class ParamExists(Conflict):
    """A logged model's params are only added to."""

    def __init__(self, model_id: str, key: str) -> None:
        self.model_id = model_id
        self.key = key
        super().__init__(f"{model_id} has a param {key!r} already")


class OutputExists(Conflict):
    """A run has that logged model among its outputs already."""

    def __init__(self, run_id: str, model_id: str) -> None:
        self.run_id = run_id
        self.model_id = model_id
        super().__init__(f"{model_id} is an output of run {run_id} already")


class JournalGap(Conflict):
    """What was sent of a journal does not follow what is stored of it, which ends at `offset` of `part`."""

    def __init__(self, part: int, offset: int) -> None:
        self.part = part
        self.offset = offset
        super().__init__(f"what is stored of this journal ends at byte {offset} of part {part}; go on from there")


class ModelPinned(Conflict):
    """A logged model that an alias of a registered model means is not deleted; `aliases` are as `name@alias`."""

    def __init__(self, model_id: str, aliases: Iterable[str]) -> None:
        self.model_id = model_id
        self.aliases = tuple(aliases)
        super().__init__(f"{model_id} is {', '.join(self.aliases)}: move or delete the alias before the checkpoint")


class UserExists(Conflict):
    """There is a user of that name."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"there is a user {name!r} already")


class TokenExists(Conflict):
    """A user has a token of that name."""

    def __init__(self, user: str, name: str) -> None:
        self.user = user
        self.name = name
        super().__init__(f"user {user!r} has a token {name!r} already; give another --name, or remove that one first")


class LastAdmin(Conflict):
    """The last user who may do everything stays, and stays so."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"{name!r} is the last admin: make another one before")


class NotAllowed(TrackerError):
    """Whoever asks may see what they ask about, and not do that with it."""

    def __init__(self, problem: str = "you may not do that here") -> None:
        super().__init__(f"{problem}; ask whoever manages it, or an admin, for the role")


class StoreError(TrackerError):
    """The store itself is not usable for what was asked."""


class NotAStore(StoreError):
    """The folder holds something that is not a tracker store."""

    def __init__(self, path: Path, problem: str) -> None:
        self.path = path
        super().__init__(f"{path} is not a tracker store: {problem}; name an empty or a new folder")


class StoreTooNew(StoreError):
    """A newer version of tracker wrote the store."""

    def __init__(self, path: Path, found: int, known: int) -> None:
        self.path = path
        super().__init__(
            f"{path} has schema version {found}, and this tracker knows versions up to {known}: "
            "upgrade sweeps-tracker to open it",
        )


class StoreTooOld(StoreError):
    """An older version of tracker wrote the store, and it has not been upgraded yet."""

    def __init__(self, path: Path, found: int, needed: int, problem: str = "") -> None:
        self.path = path
        self.found = found
        self.needed = needed
        super().__init__(
            f"{path} has schema version {found}, and this tracker needs version {needed}: "
            f"open it once where its folder may be written{f' ({problem})' if problem else ''}",
        )


class StoreReadOnly(StoreError):
    """The store's folder cannot be written."""

    def __init__(self, path: Path, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(f"cannot write to the store {path}: {reason}; name a folder that you may write to")


class NetworkFileSystem(StoreError):
    """The store's folder is on another machine's disk, where SQLite's locks and shared memory do not reach.

    `kind` is the file system's type, and `source` where it is from. Who uses the store from one machine only, and
    trusts that file system's locks, may set the environment variable `TRACKER_NETWORK_STORE` to `allow`.
    """

    def __init__(self, path: Path, kind: str, source: str) -> None:
        self.path = path
        self.kind = kind
        self.source = source
        super().__init__(
            f"{path} is on {kind} ({source}): SQLite cannot be shared over a network; "
            "name a folder on a local disk (--store or TRACKER_STORE)",
        )


class StoreUnavailable(StoreError):
    """The store cannot be written, or reached, just now; what was logged waits in the journal."""


class AccessRefused(StoreError):
    """A server does not let this client in, or not to what it asked for."""

    def __init__(self, server: str, problem: str, *, is_known: bool = False) -> None:
        self.server = server
        remedy = "" if is_known else "; set TRACKER_TOKEN, or put user:password@ into the URL"
        super().__init__(f"{server} refuses: {problem}{remedy}")


class BackupFailed(StoreError):
    """No copy of the store was made."""

    def __init__(self, destination: Path, problem: str) -> None:
        self.destination = destination
        super().__init__(f"no backup was made in {destination}: {problem}")


class ArtifactDamaged(TrackerError):
    """A file's bytes are not those that were logged."""

    def __init__(self, owner: str, path: str, problem: str) -> None:
        self.path = path
        super().__init__(f"{owner}: file {path!r} {problem}")


class NotSupported(TrackerError):
    """What this kind of store does not offer, and what to do instead."""

    def __init__(self, what: str, instead: str) -> None:
        super().__init__(f"{what} is not offered by a store behind a server; {instead}")


class MissingExtra(TrackerError, ImportError):
    """An optional library is not installed."""

    def __init__(self, library: str, extra: str) -> None:
        super().__init__(f"{library} is not installed; run: pip install 'sweeps-tracker[{extra}]'")


class Closed(TrackerError):
    """Something was used after it was closed."""

    def __init__(self, what: str) -> None:
        super().__init__(f"the {what} is closed")


def window_start(text: str, position: int) -> int:
    """Return where the part of a text begins that is shown for a position in it: at 0 if all of it can be shown."""
    return max(0, min(position - SHOWN // 2, len(text) - SHOWN))


def window(text: str, start: int) -> str:
    """Return the part of a text that can be shown on a line, with an ellipsis where something is left out."""
    # A caret must stand under its character, so whatever would move it is shown as one blank.
    shown = "".join(character if character.isprintable() else " " for character in text[start : start + SHOWN])
    head = "…" + shown[1:] if start else shown
    return head[:-1] + "…" if start + SHOWN < len(text) else head


def brief(word: object) -> str:
    """Write a word of a user's as a message shows it: quoted, and the beginning of it if it is long."""
    text = str(word)
    return repr(text if len(text) <= BRIEF else text[: BRIEF - 1] + "…")


def suggestion(wanted: str, known: Iterable[str]) -> str:
    """Say what there is instead: the nearest known word, or all of them when they are few."""
    known = sorted(known)
    near = difflib.get_close_matches(wanted, known, n=1)
    if near:
        return f"; did you mean {near[0]!r}?"
    if not known:
        return ""
    few = known[:8]
    return f"; there is {', '.join(few)}{', …' if len(known) > len(few) else ''}"
