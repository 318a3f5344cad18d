"""Where a sweep comes from: its machine, its code, its packages and its command line.

Names that MLflow has too are MLflow's, so that its pages show them. Secrets stay out: of the environment only
variables are kept that are known to matter, and of the command line no value whose name sounds like a secret.
"""

from __future__ import annotations

import getpass
import json
import os
import platform
import re
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

DIFF_BYTES = 1_000_000
# A repository on a slow disk must not hold up the sweep.
_GIT_SECONDS = 2.0
# No program that a repository's own settings name is run, and nothing is written.
_GIT = ("git", "--no-optional-locks", "-c", "core.fsmonitor=false", "-c", "core.quotePath=false")
_STATUS = ("status", "--porcelain=v2", "--branch", "--untracked-files=no", "--ignore-submodules=dirty")
_DIFF = ("diff", "HEAD", "--no-ext-diff", "--no-textconv", "--no-color", "--ignore-submodules=dirty")

_KEPT = re.compile(
    r"(CUDA|HIP|ROCR|NVIDIA)_VISIBLE_DEVICES|CUDA_DEVICE_ORDER|SWEEPS_GPUS|\w+_NUM_THREADS|(OMP|KMP|MKL|OPENBLAS)_\w+"
    r"|SLURM_(JOB_ID|JOB_NAME|JOB_PARTITION|JOB_NODELIST|ARRAY_JOB_ID|ARRAY_TASK_ID|NNODES|NTASKS|CPUS_PER_TASK)"
    r"|PYTHONHASHSEED|VIRTUAL_ENV|CONDA_DEFAULT_ENV|CUBLAS_WORKSPACE_CONFIG|LANG|TZ"
)
_NEVER = re.compile(r"KEY|TOKEN|SECRET|PASSW|CREDENTIAL|AUTH", re.IGNORECASE)
# The last word of a name: --api-key, --accessToken, HF_TOKEN; but neither --tokenizer nor --max-tokens.
_SECRET_NAME = re.compile(r"(key|token|secret|passw(or)?d|pwd|passphrase|credentials?|auth)$", re.IGNORECASE)
_IN_URL = re.compile(r"(?<=://)([^/?#\s]*)@")
_IN_QUERY = re.compile(r"(?<=[?&])([\w.-]+)=([^&\s]*)")
_HIDDEN = "***"
_FIELD = re.compile(r"^(Name|Version):[ \t]*(\S+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Provenance:
    """What the parent run of a sweep records: its tags, and the texts of files by name."""

    tags: Mapping[str, str]
    files: Mapping[str, str]


def collect(
    program: Path | None,
    *,
    argv: Sequence[str] | None = None,
    environ: Mapping[str, str] | None = None,
    gpus: Sequence[str] = (),
) -> Provenance:
    """Collect where a sweep comes from; takes up to seconds where git is slow, so call it in a thread.

    `program` is the file that trials run, whose repository is looked at; without one that of the working directory.
    """
    command = redact(sys.argv if argv is None else argv)
    git_tags, diff = _git(program.resolve().parent if program else Path.cwd())
    tags = {
        "mlflow.source.name": str(program) if program else next(iter(command), ""),
        "mlflow.source.type": "LOCAL",
        "mlflow.user": _user(),
        **git_tags,
        "sweep.command": shlex.join(command),
        "sweep.host": platform.node(),
        "sweep.python": platform.python_version(),
    }
    files = {
        "environment.json": _environment(os.environ if environ is None else environ, gpus),
        "packages.txt": "".join(f"{package}\n" for package in packages()),
        "git.diff": diff,
    }
    return Provenance(_filled(tags), _filled(files))


def redact(arguments: Iterable[str]) -> list[str]:
    """Return arguments without the values whose names sound like a secret, and without the passwords of URLs."""
    safe: list[str] = []
    hide = False
    for argument in arguments:
        name, equals, _ = argument.partition("=")
        secret = bool(_SECRET_NAME.search(name)) and "://" not in name
        if hide and not argument.startswith("--"):
            safe.append(_HIDDEN)
        else:
            safe.append(f"{name}={_HIDDEN}" if secret and equals else _redact_url(argument))
        hide = secret and not equals and argument.startswith("-")
    return safe


def _redact_url(text: str) -> str:
    return _IN_QUERY.sub(_without_value, _IN_URL.sub(_without_password, text))


def _without_password(found: re.Match[str]) -> str:
    user, colon, _ = found[1].partition(":")
    return f"{user}:{_HIDDEN}@" if colon else found[0]


def _without_value(found: re.Match[str]) -> str:
    return f"{found[1]}={_HIDDEN}" if _SECRET_NAME.search(found[1]) else found[0]


def packages() -> list[str]:
    """List the packages that are installed, as `name==version`, sorted.

    Only the heads of their descriptions are read: parsing all of them takes ten times as long.
    """
    found = set()
    for each in metadata.distributions():
        head = (each.read_text("METADATA") or each.read_text("PKG-INFO") or "").partition("\n\n")[0]
        fields = dict(_FIELD.findall(head))
        if len(fields) == len(("Name", "Version")):
            found.add(f"{fields['Name']}=={fields['Version']}")
    return sorted(found, key=str.lower)


def _environment(environ: Mapping[str, str], gpus: Sequence[str]) -> str:
    kept = {name: value for name, value in sorted(environ.items()) if _KEPT.fullmatch(name) and not _NEVER.search(name)}
    facts = {
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
        "executable": sys.executable,
        "platform": platform.platform(),
        "host": platform.node(),
        "cpus": os.cpu_count(),
        "gpus": list(gpus),
        "variables": kept,
    }
    return f"{json.dumps(facts, indent=2)}\n"


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        return ""


def _git(folder: Path) -> tuple[dict[str, str], str]:
    """Return a repository's tags and what differs from its last commit; nothing without git or a repository."""
    deadline = time.monotonic() + _GIT_SECONDS
    status, complete = _read([*_GIT, "-C", str(folder), *_STATUS], deadline)
    lines = status.splitlines()
    head = dict(line.removeprefix("# branch.").split(" ", 1) for line in lines if line.startswith("# branch."))
    if not complete or head.get("oid", "(initial)") == "(initial)":
        return {}, ""
    dirty = any(not line.startswith("#") for line in lines)
    tags = {
        "mlflow.source.git.commit": head["oid"],
        "mlflow.source.git.branch": head.get("head", "").replace("(detached)", ""),
        "sweep.git_dirty": str(dirty).lower(),
    }
    return tags, _diff(folder, deadline) if dirty else ""


def _diff(folder: Path, deadline: float) -> str:
    text, complete = _read([*_GIT, "-C", str(folder), *_DIFF], deadline)
    return text if complete else f"{text}\n[cut: the diff is longer than {DIFF_BYTES} bytes, or took git too long]\n"


def _read(command: Sequence[str], deadline: float) -> tuple[str, bool]:
    """Return what a program prints, and whether that is all: not too long, in time, and exit code 0."""
    try:
        process = subprocess.Popen(  # noqa: S603  # git, with our own arguments
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError:
        return "", False
    alarm = threading.Timer(deadline - time.monotonic(), _end, [process])
    alarm.start()
    with process:
        assert process.stdout is not None  # noqa: S101  # started with a pipe
        output = process.stdout.read(DIFF_BYTES + 1)
        if len(output) > DIFF_BYTES:
            _end(process)
    alarm.cancel()
    return output[:DIFF_BYTES].decode("utf-8", "replace"), process.returncode == 0


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a program and all that it has started: these hold its output open too."""
    if process.poll() is None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)


def _filled(texts: Mapping[str, str]) -> dict[str, str]:
    return {name: text for name, text in texts.items() if text}
