"""An app that does nothing: what Starlette on uvicorn, with uvloop, httptools and orjson, takes for itself.

Every POST is read as JSON, and answered with what is in the folder's `answer.json`, made into JSON each time; `{}` if
there is none.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import orjson
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from .rest import HOST
from .servers import ANSWER


def main() -> None:
    """Serve until told to stop."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    asked = parser.parse_args()
    path = asked.folder / ANSWER
    uvicorn.run(
        app(orjson.loads(path.read_bytes()) if path.is_file() else {}),
        host=HOST,
        port=asked.port,
        loop="uvloop",
        http="httptools",
        ws="none",
        log_level="warning",
        access_log=False,
        server_header=False,
        date_header=False,
    )


def app(answer: object) -> Starlette:
    """Return an app that always says the same."""

    async def reply(request: Request) -> Response:
        orjson.loads(await request.body())
        return Response(orjson.dumps(answer), media_type="application/json")

    return Starlette(routes=[Route("/{path:path}", reply, methods=["POST"])])


if __name__ == "__main__":
    main()
