"""Python's own server of the files in a folder, to which files can be sent too, whatever their path."""

from __future__ import annotations

import argparse
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from .rest import HOST
from .transfer import PIECE


class Files(SimpleHTTPRequestHandler):
    """Keeps what is sent, and gives it back."""

    protocol_version = "HTTP/1.1"

    def do_PUT(self) -> None:  # as its base has it
        """Keep a file."""
        left = int(self.headers["Content-Length"])
        with Path(self.translate_path(self.path)).open("wb") as file:
            while left:
                piece = self.rfile.read(min(left, PIECE))
                left -= file.write(piece)
        self.send_response(201)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # as its base has it
        """Say nothing."""


def main() -> None:
    """Serve until told to stop."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    asked = parser.parse_args()
    (kept := asked.folder / "kept").mkdir()
    ThreadingHTTPServer((HOST, asked.port), partial(Files, directory=kept)).serve_forever()


if __name__ == "__main__":
    main()
