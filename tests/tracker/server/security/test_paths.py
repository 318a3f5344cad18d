"""Paths that lead out of a folder, links that do, and what files and their names do to whoever fetches them."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from itertools import product
from urllib.parse import quote, unquote

import pytest

from ....in_process import Answer
from .house import API, CANARY, PROXY, House

pytestmark = pytest.mark.anyio
OURS = "/api/tracker/1"
# From a run's folder, `store/artifacts/runs/ID`, to what is beside the store.
UP = 4
STEPS = (
    "../",
    "..\\",
    "....//",
    "..;/",
    ".\u2024/",
    "\uff0e\uff0e/",
    "\uff0e\uff0e\uff0f",
    "..\uff0f",
    "..%00/",
    "a/../../",
)
ENCODED = ("%2e%2e/", "%2e%2e%2f", "..%2f", "%252e%252e%252f", "..%255c", "%c0%ae%c0%ae/", "%uff0e%uff0e/", "..%5c")
ODD = (
    "/etc/passwd",
    "//etc/passwd",
    "///etc/passwd",
    "C:/boot.ini",
    "c:\\boot.ini",
    "\\\\host\\share",
    "file:///etc/passwd",
    "a\0b",
    "\0",
    "a/\0/../b",
    ".",
    "./",
    "..",
    "../",
    "/",
    "~",
    "~/x",
    "~root/.ssh",
    "a/..",
    "a/../..",
    "a//../../b",
    "..\u2215",
    "x" * 4096,
    "../" * 1000,
    "a/./../../b",
    "../folder ",
    "../folder.",
    "..\n/x",
    "$SECRET_CANARY/x",
    "${HOME}/x",
    "%SECRET_CANARY%",
    "con",
    "aux.txt",
    ".git/config",
    "tracker.db",
    "../../../tracker.db",
    "/proc/self/environ",
    "../../../../../../../../proc/self/environ",
    "a;b",
    "a?b",
    "a#b",
    "-rf",
    "--help",
    "a\\..\\..\\b",
)


def targets(end: str, counts: tuple[int, ...] = (1, UP, UP + 8)) -> Iterator[str]:
    """Yield what might be taken for a path to a thing beside the store, as it stands in a request's line."""
    for step, count in product((*STEPS, *ENCODED), counts):
        encoded = step if step in ENCODED else quote(step, safe="/")
        yield encoded * count + end
    for odd in ODD:
        yield quote(odd, safe="/")
        yield quote(quote(odd, safe=""), safe="")


def absolute(at: House) -> list[str]:
    return [quote(form.format(at.secret)) for form in ("{}", "/{}", "//{}", "file:{}", "file://{}", "a/../{}")]


def reads(at: House, target: str) -> Iterator[str]:
    """Yield all requests that read a path."""
    yield f"{PROXY}/{target}"
    yield f"{PROXY}/{at.root}/{target}"
    yield f"{PROXY}/0/models/{at.model_id}/artifacts/{target}"
    yield f"/get-artifact?run_id={at.run_id}&path={target}"
    yield f"/get-artifact?run_id={target}&path=a/file.txt"
    yield f"{API}/logged-models/{at.model_id}/artifacts/files?artifact_file_path={target}"
    yield f"{API}/logged-models/{target}/artifacts/files?artifact_file_path=a/file.txt"
    yield f"/model-versions/get-artifact?name=net&version=1&path={target}"
    yield f"{OURS}/files/{at.run_id}/{target}"
    yield f"{OURS}/files/{target}/a/file.txt"


def lists(at: House, target: str) -> Iterator[str]:
    yield f"{PROXY}?path={target}"
    yield f"{PROXY}?path={at.root}/{target}"
    yield f"{API}/artifacts/list?run_id={at.run_id}&path={target}"
    yield f"{API}/artifacts/list?run_id={target}"
    yield f"{API}/logged-models/{at.model_id}/artifacts/directories?artifact_directory_path={target}"


def require_nothing_said(answer: Answer, at: House, asked: str = "") -> None:
    """Fail if an answer says more than what was asked."""
    body = answer.body.replace(unquote(asked).encode(), b"")
    for secret in (CANARY, str(at.place).encode(), b"root:", b"SQLite", b"Traceback"):
        assert secret not in body
        assert secret.decode() not in str(answer.headers)


async def test_who_followed_these_paths_would_get_there(at: House) -> None:
    """The control: of what is tried below, joined to a run's folder as it stands, some is the secret."""
    tried = [unquote(target) for target in [*targets("secret.txt"), *absolute(at)]]
    joined = [str(at.files / path.removeprefix("file:")) for path in tried]
    reached = [path for path in joined if os.path.normpath(path) == str(at.secret)]  # noqa: ASYNC240  # of names alone
    assert len(reached) > 5


# S01.
async def test_no_path_reads_what_is_beside_the_store(at: House) -> None:
    for target in [*targets("secret.txt"), *absolute(at)]:
        for request in reads(at, target):
            answer = await at.served.ask("GET", request)
            assert answer.status in {400, 404}, (request, answer)
            require_nothing_said(answer, at, target)


# S01.
async def test_no_path_lists_what_is_beside_the_store(at: House) -> None:
    for target in [*targets("folder"), *absolute(at)]:
        for request in lists(at, target):
            answer = await at.served.ask("GET", request)
            assert answer.status in {200, 400, 404}, (request, answer)
            assert b"secret" not in answer.body.replace(unquote(target).encode(), b"")
            require_nothing_said(answer, at, target)


# S01.
async def test_what_is_there_and_what_is_not_are_answered_alike(at: House) -> None:
    for there, absent in zip(targets("folder/secret.txt", (UP,)), targets("folder/absent.txt", (UP,)), strict=True):
        for one, other in zip(reads(at, there), reads(at, absent), strict=True):
            first, second = await at.served.ask("GET", one), await at.served.ask("GET", other)
            assert (first.status, first.body.replace(b"secret", b"absent")) == (second.status, second.body), one


# S02, S03.
@pytest.mark.parametrize("verb", ["PUT", "DELETE"])
async def test_no_path_writes_or_deletes_what_is_beside_the_store(at: House, verb: str) -> None:
    store = at.place / "store"
    kept = {path for path in store.rglob("*") if not path.is_relative_to(store / "artifacts")}
    for target in [*targets("secret.txt", (UP,)), *absolute(at)]:
        upload = f"/api/2.0/mlflow/upload-artifact?run_uuid={at.run_id}&path={target}"
        ours = f"{OURS}/files/{at.run_id}/{target}?sha256={hashlib.sha256(b'changed').hexdigest()}"
        for request in (f"{PROXY}/{at.root}/{target}", upload, ours, f"{OURS}/files/{target}"):
            answer = await at.served.ask(verb if request != upload else "POST", request, b"changed")
            assert answer.status in {200, 400, 404, 405}, (request, answer)
            require_nothing_said(answer, at)
    assert at.secret.read_bytes() == CANARY
    assert {path for path in store.rglob("*") if not path.is_relative_to(store / "artifacts")} - kept == set()


# S03.
@pytest.mark.parametrize("path", ["", ".", "/", "./", "..", "a/..", "%2e", "%2F", "//"])
async def test_nothing_deletes_a_root(at: House, path: str) -> None:
    for root in ("", f"{at.root}/", f"{at.root}", "0/", f"0/{at.run_id}/"):
        await at.served.ask("DELETE", f"{PROXY}/{root}{path}")
    assert (at.files / "a" / "file.txt").read_bytes() == b"mine"


# S06.
async def test_another_name_of_a_file_outside_is_no_way_to_it(at: House) -> None:
    """Whoever may write into the folder gives a file outside a name in it."""
    path = f"{PROXY}/{at.root}/hard/secret.txt"
    assert (await at.served.ask("PUT", path, b"mine")).status == 200
    (at.files / "hard" / "secret.txt").unlink()
    (at.files / "hard" / "secret.txt").hardlink_to(at.secret)
    before = at.outside()
    # Its bytes are not those that were kept, so they are not given.
    require_nothing_said(await at.served.ask("GET", path), at)
    for verb in ("PUT", "DELETE"):
        assert (await at.served.ask(verb, path, b"changed")).status == 200
        assert at.outside() == before


# S06.
@pytest.mark.parametrize("whole", [True, False], ids=["folder", "file"])
async def test_a_link_is_not_followed(at: House, *, whole: bool) -> None:
    """Whoever may write into the folder puts a link in the place of a file, or of the folder that it is in."""
    folder = at.files / f"link-{whole}"
    assert (await at.served.ask("PUT", f"{PROXY}/{at.root}/{folder.name}/secret.txt", b"mine")).status == 200
    if whole:
        folder.rename(at.files / "before")
        folder.symlink_to(at.place / "folder")
    else:
        (folder / "secret.txt").unlink()
        (folder / "secret.txt").symlink_to(at.secret)
    before = at.outside()
    for verb, name in (("GET", "secret.txt"), ("PUT", "secret.txt"), ("PUT", "new.txt"), ("DELETE", "secret.txt")):
        answer = await at.served.ask(verb, f"{PROXY}/{at.root}/{folder.name}/{name}", b"changed")
        require_nothing_said(answer, at)
        assert at.outside() == before, (verb, name)


# S09.
async def test_what_is_made_is_its_owners_alone(at: House) -> None:
    before = os.umask(0)
    try:
        assert (await at.served.ask("PUT", f"{PROXY}/{at.root}/deep/er/new.bin", b"x")).status == 200
        assert (await at.served.ask("PUT", f"{PROXY}/some/where/else.bin", b"x")).status == 200
    finally:
        os.umask(before)
    there = [path for path in (at.place / "store").rglob("*") if not path.is_symlink()]
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in there}
    assert {path: oct(mode) for path, mode in modes.items() if mode & 0o077} == {}


# S10.
async def test_a_browser_saves_a_file_and_never_shows_it(at: House) -> None:
    kinds = {
        **dict.fromkeys(("x.html", "x.xhtml", "x.svg", "x.mhtml", "x.swf", "x"), "application/octet-stream"),
        **dict.fromkeys(("x.js", "x.xml", "x.TXT"), "text/plain"),
        "x.pdf": "application/pdf",
    }
    for name, kind in kinds.items():
        await at.served.ask("PUT", f"{PROXY}/{at.root}/{name}", b"<script>alert(1)</script>")
        for request in (f"{PROXY}/{at.root}/{name}", f"/get-artifact?run_id={at.run_id}&path={name}"):
            headers = (await at.served.ask("GET", request)).headers
            assert headers["content-type"] == kind
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["content-disposition"].startswith("attachment")
            assert "sandbox" in headers["content-security-policy"]


# S41.
@pytest.mark.parametrize(
    "name",
    ['a"b', "a\r\nset-cookie: x=1", "a\nb", "a;filename=evil.exe", "é\u202egpj.exe", "a b'c", "a%0d%0ab", "😀", "a\tb"],
)
async def test_no_files_name_adds_a_header(at: House, name: str) -> None:
    path = quote(name, safe="")
    assert (await at.served.ask("PUT", f"{PROXY}/{at.root}/{path}", b"x")).status == 200
    answer = await at.served.ask("GET", f"{PROXY}/{at.root}/{path}")
    assert answer.body == b"x"
    disposition = answer.headers["content-disposition"]
    assert disposition == f"attachment; filename*=UTF-8''{path}"
    assert disposition.isascii()
    assert disposition.isprintable()
    assert "set-cookie" not in answer.headers


# S43.
@pytest.mark.parametrize(
    "path", ["/.git/config", "/.env", "/static/../app.py", "/assets/", "/index.js.map", "/docs", "/"]
)
async def test_there_is_nothing_else_to_fetch(at: House, path: str) -> None:
    answer = await at.served.ask("GET", path)
    assert (answer.status, answer.headers["content-type"]) == (404, "application/json")
