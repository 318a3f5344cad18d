"""Certificates and their keys, looked at before anything is served with them."""

from __future__ import annotations

import ssl
from pathlib import Path

from ..errors import InvalidInput


def require_tls(certfile: str, keyfile: str) -> None:
    """Check that a certificate and its key can be served with.

    Raises:
        InvalidInput: they cannot be read, or do not fit.
    """
    for option, path in (("--certfile", certfile), ("--keyfile", keyfile)):
        try:
            Path(path).read_bytes()
        except OSError as problem:
            raise InvalidInput(f"{option} {path}: {problem.strerror}; name a PEM file that can be read") from problem
    try:
        # A key with a passphrase would ask at the terminal, for which nobody may be there.
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(certfile, keyfile, password="")
    except (ssl.SSLError, ValueError) as problem:
        why = getattr(problem, "reason", "") or "no PEM file"
        hint = "name a certificate and its own key, without a passphrase, as PEM files"
        raise InvalidInput(f"--certfile {certfile} with --keyfile {keyfile}: {why}; {hint}") from problem
