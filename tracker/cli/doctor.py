"""`tracker doctor`."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from functools import partial

import anyio

from .. import __version__
from ..client.folder import StoreFolder
from ..upkeep import Checkup, examine, problems
from .manners import duration, shown, size, write_json

_NAME_WIDTH = 24


def doctor(arguments: argparse.Namespace) -> int:
    """Print what is found; return 1 if anything is wrong."""
    found = anyio.run(partial(examine, StoreFolder.named(arguments.store), __version__, deep=arguments.deep))
    wrong = problems(found)
    if arguments.json:
        write_json(_as_mapping(found) | {"ok": not wrong, "problems": wrong})
    else:
        print(*_lines(found), "", *([f"WRONG  {shown(line)}" for line in wrong] or ["all is well"]), sep="\n")
    return 1 if wrong else 0


def _as_mapping(found: Checkup) -> dict[str, object]:
    """Return what was found, by groups; tuples with names become mappings too."""
    contents = found.contents._asdict() if found.contents else None
    checks = asdict(found.checks) | {
        name: [fault._asdict() for fault in getattr(found.checks, name)] for name in ("curves", "scores")
    }
    return asdict(found) | {"store": str(found.store), "contents": contents, "checks": checks}


def _lines(found: Checkup) -> Iterator[str]:
    yield f"store {shown(found.store)}"
    yield from _group("place", _place(found))
    yield from _group("versions", asdict(found.versions))
    yield from _group("waiting", _waiting(found))
    yield from _group("in use", _use(found))
    yield from _group("checks", _checks(found))
    yield from _group("sizes", _sizes(found))
    if found.contents:
        yield from _group("contents", {name: f"{number:,}" for name, number in found.contents._asdict().items()})


def _group(title: str, rows: Mapping[str, object]) -> Iterator[str]:
    yield f"\n{title}"
    for name, value in rows.items():
        yield f"  {name.replace('_', ' '):<{_NAME_WIDTH}} {shown(value)}"


def _place(found: Checkup) -> dict[str, str]:
    place = found.place
    where = f"{place.file_system} ({place.source})" if place.file_system else "not known"
    return {"file system": where} | ({"may be written": "no: nothing is folded in"} if place.read_only else {})


def _waiting(found: Checkup) -> dict[str, str]:
    waiting = found.waiting
    return {
        "found": f"{size(waiting.pending_bytes_found)} in {len(waiting.found)} journals",
        **{
            f"  {part.file[:12]}…{part.file[-14:-8]}": f"{size(part.pending)} of {size(part.bytes)}, "
            f"its process {'lives' if part.owner_lives else 'has ended'}, "
            f"last written {duration(part.age_seconds)} ago"
            for part in waiting.found
        },
        "left after folding": size(waiting.pending_bytes_left),
        "damaged pieces": f"{len(waiting.damaged)} ({size(sum(piece.bytes for piece in waiting.damaged))})",
    }


def _use(found: Checkup) -> dict[str, str]:
    use = found.use
    last = "" if use.last_writer is None else f"; last held by process {use.last_writer}"
    alive = "" if use.last_writer is None else f", which {'lives' if use.last_writer_lives else 'has ended'}"
    return {
        "writer's lock": f"held by process {use.writer}" if use.writer else f"free{last}{alive}",
        "database open in": ", ".join(map(str, use.open_in)) or "no process",
        "locked by others": ", ".join(map(str, use.foreign_writers)) or "no process",
    }


def _checks(found: Checkup) -> dict[str, str]:
    checks = found.checks
    if checks.unreadable:
        return {"integrity": "cannot be read"}
    names = {"foreign_keys": "foreign keys", "curves": "curves", "scores": "ranked values", "files": "files"}
    rows = {"integrity": "ok" if not checks.integrity else f"{len(checks.integrity)} wrong"}
    for name, title in names.items():
        wrong = len(getattr(checks, name))
        rows[title] = f"{wrong} wrong" if wrong else "ok"
    rows["files"] = f"{rows['files']} ({'SHA-256' if checks.deep else 'sizes; --deep for SHA-256'})"
    return rows


def _sizes(found: Checkup) -> dict[str, str]:
    sizes = found.sizes
    return {
        "database": size(sizes.database_bytes),
        "WAL": size(sizes.wal_bytes),
        "journals": size(sizes.journal_bytes),
        "artifacts": f"{size(sizes.artifact_bytes)} in {sizes.artifact_files:,} files",
    }
