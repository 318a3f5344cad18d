"""Names for what users leave unnamed."""

from __future__ import annotations

import secrets

_ADJECTIVES = ("amber", "bold", "brisk", "calm", "clever", "crisp", "eager", "gentle", "keen", "lively", "swift")
_NOUNS = ("birch", "brook", "cedar", "crane", "ember", "falcon", "fern", "heron", "maple", "meadow", "otter")


def run_name() -> str:
    """Return a name such as `calm-heron-417`, as MLflow users know them."""
    return f"{secrets.choice(_ADJECTIVES)}-{secrets.choice(_NOUNS)}-{secrets.randbelow(1000)}"


def new_run_id() -> str:
    """Return 32 random hex digits."""
    return secrets.token_hex(16)


def new_model_id() -> str:
    """Return `m-` and 32 random hex digits."""
    return f"m-{secrets.token_hex(16)}"
