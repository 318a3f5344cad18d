"""S15: what was logged is markup with scripts in it, and every address that answers is opened in a real browser."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest

from ..browser import MISSING, PROGRAM, Browser, browser
from ..served import served

pytestmark = [
    pytest.mark.skipif(PROGRAM is None, reason=MISSING),
    pytest.mark.timeout(120),
]
RAN, AWAY = "ran", "http://away.test"
SCRIPT = f"console.info('{RAN}')"
MARKUP = (
    f'"\'></title></textarea></pre><script>{SCRIPT}</script><img src=x onerror="{SCRIPT}"><svg onload="{SCRIPT}">'
    f'</svg><img src="{AWAY}/image"><link rel=stylesheet href="{AWAY}/style"><a href="javascript:{SCRIPT}">a</a>'
    f'<iframe srcdoc="<script>parent.{SCRIPT}</script>"></iframe>'
)
SVG = f'<svg xmlns="http://www.w3.org/2000/svg" onload="{SCRIPT}"><script>{SCRIPT}</script></svg>'
FILES = {
    "page.html": f"<!doctype html><html><body>{MARKUP}</body></html>",
    "page.xhtml": f'<html xmlns="http://www.w3.org/1999/xhtml"><body><script>{SCRIPT}</script></body></html>',
    "image.svg": SVG,
    "page.xml": f'<?xml version="1.0"?>{SVG}',
    "page.mhtml": f"MIME-Version: 1.0\r\nContent-Type: text/html\r\n\r\n{MARKUP}",
    "table.csv": f'a,b\n=HYPERLINK("{AWAY}"),{MARKUP}\n',
    "data.json": f'{{"a": "{quote(MARKUP)}", "b": "</script><script>{SCRIPT}</script>"}}',
    "data.yaml": f"a: !!js/function \"function () {{ {SCRIPT} }}\"\nb: !!python/object/apply:os.system ['true']\n",
    "script.js": SCRIPT,
    "notes.md": MARKUP,
    "out.log": MARKUP,
    "none": MARKUP,
    f"{MARKUP[:40].replace('/', '_')}.html": MARKUP,
}
API = "/api/2.0/mlflow"
Known = dict[str, str]


def log_markup(client: httpx.Client) -> Known:
    """Say it wherever it is taken; return the names by which that is found again."""

    def say(path: str, **fields: object) -> dict[str, dict[str, dict[str, str]]]:
        answer = client.post(f"{API}/{path}", json=fields)
        assert answer.status_code == 200, (path, answer.text)
        told: dict[str, dict[str, dict[str, str]]] = answer.json()
        return told

    tags = [{"key": "mlflow.note.content", "value": MARKUP}, {"key": "any", "value": MARKUP}]
    experiment_id = str(say("experiments/create", name=MARKUP, tags=tags)["experiment_id"])
    run = say("runs/create", experiment_id=experiment_id, run_name=MARKUP, tags=tags)["run"]["info"]
    of_run = {"experiment_id": experiment_id, "source_run_id": run["run_id"]}
    model = say("logged-models", name="net", model_type=MARKUP, tags=tags, **of_run)["model"]["info"]
    say("runs/log-parameter", run_id=run["run_id"], key="param", value=MARKUP)
    say("runs/log-metric", run_id=run["run_id"], key="loss", value=0.5, timestamp=1)
    dataset = dict.fromkeys(("name", "source_type", "source", "schema", "profile"), MARKUP) | {"digest": "1"}
    used = {"dataset": dataset, "tags": [{"key": "mlflow.data.context", "value": MARKUP}]}
    say("runs/log-inputs", run_id=run["run_id"], datasets=[used])
    say("registered-models/create", name="net", description=MARKUP, tags=tags)
    source = f"models:/{model['model_id']}"
    say("model-versions/create", name="net", source=source, model_id=model["model_id"], description=MARKUP, tags=tags)
    say("registered-models/alias", name="net", alias="best", version="1")
    return {
        "experiment_id": experiment_id,
        "experiment_ids": experiment_id,
        "experiment_name": MARKUP,
        "run_id": run["run_id"],
        "run_uuid": run["run_id"],
        "run_ids": run["run_id"],
        "model_id": model["model_id"],
        "name": "net",
        "version": "1",
        "alias": "best",
        "metric_key": "loss",
        "key": "loss",
        "owner": run["run_id"],
        "max_results": "10",
    }


def keep_files(client: httpx.Client, known: Known) -> Iterator[str]:
    """Keep files of a run and of a model; yield all that gives them."""
    experiment_id, run_id, model_id = known["experiment_id"], known["run_id"], known["model_id"]
    for name, text in FILES.items():
        path = quote(name, safe="")
        for root in (f"{experiment_id}/{run_id}", f"{experiment_id}/models/{model_id}"):
            address = f"/api/2.0/mlflow-artifacts/artifacts/{root}/artifacts/{path}"
            assert client.put(address, content=text.encode()).status_code == 200, address
            yield address
        yield f"/get-artifact?run_id={run_id}&path={path}"
        yield f"{API}/logged-models/{model_id}/artifacts/files?artifact_file_path={path}"
        yield f"/model-versions/get-artifact?name=net&version=1&path={path}"
        yield f"/api/tracker/1/files/{run_id}/{path}"


def pages(client: httpx.Client, known: Known) -> Iterator[str]:
    """Yield all that answers to GET, once as what is known and once as markup is called by."""
    for path, methods in client.get("/openapi.json").json()["paths"].items():
        asked = methods.get("get", {"parameters": []})["parameters"]
        if "get" not in methods:
            continue
        for values in (known, dict.fromkeys(known, MARKUP)):
            target = path
            for each in asked:
                target = target.replace(f"{{{each['name']}}}", quote(values.get(each["name"], MARKUP), safe=""))
            query = [f"{each['name']}={quote(values[each['name']])}" for each in asked if each["name"] in values]
            yield f"{target}?{'&'.join(query)}"
    yield from ("/", f"/{quote(MARKUP)}", f"/?{quote(MARKUP)}", f"{API}/{quote(MARKUP)}")


@contextmanager
def plain_server(folder: Path) -> Iterator[str]:
    """Serve a folder as it is, as what must not be done."""
    handler = partial(http.server.SimpleHTTPRequestHandler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browser(tmp_path_factory.mktemp("browser")) as started:
        yield started


def test_no_script_runs_and_nobody_else_is_asked(tmp_path: Path, tab: Browser) -> None:
    with served(tmp_path) as server, httpx.Client(base_url=server.address) as client:
        known = log_markup(client)
        # A file is saved and never shown; all else is shown as text.
        addresses = dict.fromkeys(keep_files(client, known), False) | dict.fromkeys(pages(client, known), True)
        assert len(addresses) > 100
        for address, is_shown in addresses.items():
            seen = tab.visit(f"{server.address}{address}")
            assert seen.lines == [], address
            assert [url for url in seen.requests if not url.startswith(f"{server.address}/")] == [], address
            assert seen.is_shown == is_shown, address


@pytest.mark.parametrize("name", ["page.html", "page.xhtml", "image.svg"])
def test_where_files_are_shown_as_they_are_their_scripts_run(tmp_path: Path, tab: Browser, name: str) -> None:
    (tmp_path / name).write_text(FILES[name])
    with plain_server(tmp_path) as address:
        seen = tab.visit(f"{address}/{name}")
    assert RAN in seen.lines
    assert any(url.startswith(AWAY) for url in seen.requests) == (name == "page.html")
