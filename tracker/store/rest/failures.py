"""What went wrong, as a server tells it and a client raises it again: pure.

An error is its class, its message and its facts, all of which are plain. Only classes of our own are ever made, by
their names in a table, and never by their constructors.
"""

from __future__ import annotations

from collections.abc import Mapping

from ... import errors
from ...errors import Conflict, InvalidInput, NotAllowed, NotFound, StoreUnavailable, TrackerError

# Whose words are meant for whoever asked; others speak of the server's own disk.
TOLD = (InvalidInput, NotFound, Conflict, NotAllowed, StoreUnavailable, errors.ArtifactDamaged, errors.NotSupported)
_CLASSES: Mapping[str, type[TrackerError]] = {
    name: each for name, each in vars(errors).items() if isinstance(each, type) and issubclass(each, TOLD)
}
_PLAIN = (str, int, float, bool, type(None))


def told(error: TrackerError) -> dict[str, object]:
    """Return an error as JSON can say it."""
    facts = {name: value for name, value in vars(error).items() if isinstance(value, _PLAIN) or _is_list(value)}
    return {"name": type(error).__name__, "message": str(error), "facts": facts}


def raised(said: object) -> TrackerError | None:
    """Return the error that a server told of; None if it told of none that we know."""
    if not isinstance(said, dict):
        return None
    kind, message, facts = _CLASSES.get(str(said.get("name"))), said.get("message"), said.get("facts")
    if kind is None or not isinstance(message, str) or not isinstance(facts, dict):
        return None
    error = kind.__new__(kind, message)
    error.args = (message,)
    for name, value in facts.items():
        # What an error of that class has anyway is no fact of this one's.
        if isinstance(name, str) and name.isidentifier() and not (name.startswith("_") or hasattr(kind, name)):
            setattr(error, name, tuple(value) if isinstance(value, list) else value)
    return error


def _is_list(value: object) -> bool:
    return isinstance(value, tuple | list) and all(isinstance(each, _PLAIN) for each in value)
