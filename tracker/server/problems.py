"""What went wrong, in MLflow's words: error codes, their HTTP status, and the phrases that its clients look for."""

from __future__ import annotations

from http import HTTPStatus

from .. import errors

BAD_VALUE = "INVALID_PARAMETER_VALUE"
# MLflow's error codes by HTTP status, where they are not 400; its client tries 429 and what is 500 or more again.
STATUS = {
    "UNAUTHENTICATED": HTTPStatus.UNAUTHORIZED,
    "PERMISSION_DENIED": HTTPStatus.FORBIDDEN,
    "RESOURCE_DOES_NOT_EXIST": HTTPStatus.NOT_FOUND,
    "ENDPOINT_NOT_FOUND": HTTPStatus.NOT_FOUND,
    "METHOD_NOT_ALLOWED": HTTPStatus.METHOD_NOT_ALLOWED,
    "UNSUPPORTED_MEDIA_TYPE": HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    "REQUEST_LIMIT_EXCEEDED": HTTPStatus.TOO_MANY_REQUESTS,
    "REQUEST_TIMEOUT": HTTPStatus.REQUEST_TIMEOUT,
    "REQUEST_TOO_LARGE": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "RANGE_NOT_SATISFIABLE": HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
    "INTERNAL_ERROR": HTTPStatus.INTERNAL_SERVER_ERROR,
    "NOT_IMPLEMENTED": HTTPStatus.NOT_IMPLEMENTED,
    "TEMPORARILY_UNAVAILABLE": HTTPStatus.SERVICE_UNAVAILABLE,
    "INSUFFICIENT_STORAGE": HTTPStatus.INSUFFICIENT_STORAGE,
}


class Problem(Exception):  # what a client did is told as a problem, and is no error of the server's
    """A request that is answered with an error code of MLflow's and a message."""

    def __init__(self, code: str, message: str, headers: tuple[tuple[bytes, bytes], ...] = ()) -> None:
        self.code = code
        self.message = message
        self.headers = headers
        super().__init__(message)

    def saying(self, more: str) -> Problem:
        """Return the problem with the reason."""
        return Problem(self.code, f"{self.message}: {more}", self.headers)

    @property
    def status(self) -> int:
        """The HTTP status that goes with the code."""
        return STATUS.get(self.code, HTTPStatus.BAD_REQUEST)


def bad_value(message: str) -> Problem:
    """Return the problem of a value that cannot be taken."""
    return Problem(BAD_VALUE, message)


def missing(name: str) -> Problem:
    """Return the problem of a field that must be there."""
    return bad_value(f"Missing value for required parameter {name!r}.")


def problem_of(error: errors.TrackerError) -> Problem:
    """Return what a refusal of the store's is over MLflow's protocol."""
    match error:
        case errors.NotFound():
            return Problem("RESOURCE_DOES_NOT_EXIST", _absence(error))
        case errors.Conflict():
            return _conflict(error)
        case errors.FramesRefused() | errors.NotAllowed():
            is_missing = isinstance(error, errors.FramesRefused) and error.missing
            return Problem("RESOURCE_DOES_NOT_EXIST" if is_missing else "PERMISSION_DENIED", str(error))
        case errors.StoreUnavailable():
            return Problem("TEMPORARILY_UNAVAILABLE", str(error))
        case errors.StoreError():
            return Problem("INTERNAL_ERROR", "the store cannot be used; the server's log says why")
        case _:
            return bad_value(str(error))


def _absence(error: errors.NotFound) -> str:
    match error:
        case errors.RunNotFound():
            told = f"Run with id={error.wanted} not found"
        case errors.ExperimentNotFound():
            told = f"No Experiment with id={error.wanted} exists"
        case errors.ModelNotFound():
            told = f"Logged model with ID {error.wanted!r} not found."
        case errors.RegisteredModelNotFound():
            told = f"Registered Model with name={error.wanted} not found"
        case errors.VersionNotFound():
            told = f"Model Version (name={error.name}, version={error.wanted}) not found"
        case errors.TagNotFound():
            word = "key" if error.what == "logged model" else "name:"
            told = f"No tag with {word} {error.key} in {error.what} with id {error.owner}"
        case _:
            told = error.bare
    return told


def _conflict(error: errors.Conflict) -> Problem:
    match error:
        case errors.ExperimentExists():
            hint = " It is in the deleted state: restore it, or take another name." if error.stage == "deleted" else ""
            return Problem("RESOURCE_ALREADY_EXISTS", f"Experiment(name={error.name}) already exists.{hint}")
        case errors.RegisteredModelExists():
            return Problem("RESOURCE_ALREADY_EXISTS", f"Registered Model (name={error.name}) already exists.")
        case errors.NotActive():
            message = f"The {error.what} {error.owner} must be in the 'active' state. It is in the {error.stage} state."
            return bad_value(message)
        case errors.ParamChanged():
            return bad_value(
                f"Changing param values is not allowed. Param with key={error.key!r} was already logged with "
                f"value={error.old!r} for run ID={error.run_id!r}. Attempted logging new value {error.new!r}."
            )
        case _:
            return bad_value(str(error))
