"""How a file is announced to whoever fetches it: by name and kind, to be saved and never shown. Pure."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from urllib.parse import quote

BYTES = "application/octet-stream"
# Kinds that nothing in a browser acts upon. All else is bytes: a page or an SVG image would bring its scripts along.
_TEXT = (
    "txt log err out cfg conf cnf cf ini properties prop hocon toml yaml yml xml json jsonl js py py3 csv tsv md rst "
    "ipynb MLmodel MLproject"
)
_KINDS = {
    **dict.fromkeys(_TEXT.lower().split(), "text/plain"),
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "gif": "image/gif",
    "webp": "image/webp",
    "pdf": "application/pdf",
}
# What may stand without quotes, but for what some browsers decode.
_TOKEN = re.compile(r"[\w!#$&+.^`|~-]+", re.ASCII)


def disposition(name: str) -> str:
    """Return the header that has a file saved under its name: as it is, or escaped where headers need it (RFC 6266)."""
    if _TOKEN.fullmatch(name):
        return f"attachment; filename={name}"
    return f"attachment; filename*=UTF-8''{quote(name, safe='')}"


def kind(name: str) -> str:
    """Return the media type of a file by its name: text, an image or a PDF, else bytes."""
    last = PurePosixPath(name).suffix or f".{name}"
    return _KINDS.get(last[1:].lower(), BYTES)
