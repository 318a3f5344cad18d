from __future__ import annotations

import json
import os
import platform
import re
import shlex
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweeps.provenance import DIFF_BYTES, collect, packages, redact

BEFORE, AFTER = "lr = 0.1\n", "lr = 0.2\n"


def git(folder: Path, *words: str) -> str:
    command = ["git", "-C", str(folder), "-c", "user.name=Ada", "-c", "user.email=ada@example.com", *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in list(os.environ):
        if name.startswith("GIT_"):
            monkeypatch.delenv(name)
    git(tmp_path, "init", "-q", "-b", "main")
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "train.py").write_text(BEFORE)
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "Begin")
    return tmp_path


class TestGit:
    def test_commit_and_branch_of_the_programs_repository(self, repository: Path) -> None:
        found = collect(repository / "src" / "train.py")
        assert found.tags["mlflow.source.git.commit"] == git(repository, "rev-parse", "HEAD")
        assert found.tags["mlflow.source.git.branch"] == "main"
        assert found.tags["sweep.git_dirty"] == "false"
        assert "git.diff" not in found.files

    def test_the_diff_rebuilds_what_ran(self, repository: Path) -> None:
        program = repository / "src" / "train.py"
        program.write_text(AFTER)
        (repository / "new ü.py").write_text("x = 1\n")
        git(repository, "add", "new ü.py")
        found = collect(program)
        assert found.tags["sweep.git_dirty"] == "true"
        git(repository, "reset", "-q", "--hard")
        assert program.read_text() == BEFORE
        (repository / "patch").write_text(found.files["git.diff"])
        git(repository, "apply", "patch")
        assert program.read_text() == AFTER
        assert (repository / "new ü.py").read_text() == "x = 1\n"

    def test_a_file_that_git_does_not_know_is_no_change(self, repository: Path) -> None:
        (repository / "notes.txt").write_text("x")
        assert collect(repository / "src" / "train.py").tags["sweep.git_dirty"] == "false"

    def test_a_long_diff_is_cut_and_says_so(self, repository: Path) -> None:
        (repository / "src" / "train.py").write_text("x = 1\n" * DIFF_BYTES)
        diff = collect(repository / "src" / "train.py").files["git.diff"]
        assert DIFF_BYTES < len(diff) < DIFF_BYTES + 200
        assert diff.endswith("took git too long]\n")

    def test_a_detached_head_has_no_branch(self, repository: Path) -> None:
        git(repository, "checkout", "-q", "--detach")
        tags = collect(repository / "src" / "train.py").tags
        assert "mlflow.source.git.commit" in tags
        assert "mlflow.source.git.branch" not in tags

    def test_without_a_program_it_is_the_working_directory(
        self, repository: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(repository)
        assert collect(None).tags["mlflow.source.git.branch"] == "main"

    def test_no_program_of_a_repositorys_settings_runs(self, repository: Path) -> None:
        (repository / "spy").write_text('#!/bin/sh\ntouch "$(dirname "$0")/ran"\n')
        (repository / "spy").chmod(0o755)
        for key in ("diff.external", "core.fsmonitor", "diff.spy.textconv"):
            git(repository, "config", key, str(repository / "spy"))
        (repository / ".git" / "info" / "attributes").write_text("*.py diff=spy\n")
        (repository / "src" / "train.py").write_text(AFTER)
        (repository / "ran").unlink(missing_ok=True)
        assert AFTER in collect(repository / "src" / "train.py").files["git.diff"]
        assert not (repository / "ran").exists()

    def test_outside_a_repository_and_before_the_first_commit_there_is_nothing(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
        folder = tmp_path / "folder"
        folder.mkdir()
        for _ in range(2):
            assert not any("git" in name for name in collect(folder / "train.py").tags)
            git(folder, "init", "-q")

    def test_without_git_there_is_nothing(self, repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PATH", str(repository))
        assert not any("git" in name for name in collect(repository / "src" / "train.py").tags)

    def test_a_git_that_hangs_is_ended(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "git").write_text("#!/bin/sh\nsleep 1000\n")
        (tmp_path / "git").chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
        assert not any("git" in name for name in collect(None).tags)


class TestMachine:
    # S23.
    def test_the_environment_is_what_matters_and_no_more(self) -> None:
        environ = {
            "CUDA_VISIBLE_DEVICES": "0,1",
            "OMP_NUM_THREADS": "2",
            "SLURM_JOB_ID": "17",
            "HOME": "/home/ada",
            "AWS_SECRET_ACCESS_KEY": "hidden",
            "OMP_TOKEN": "hidden",
            "MKL_API_KEY": "hidden",
            "TRACKER_RUN_TOKEN": "hidden",
        }
        text = collect(None, environ=environ, gpus=("0", "1")).files["environment.json"]
        facts = json.loads(text)
        assert facts["variables"] == {"CUDA_VISIBLE_DEVICES": "0,1", "OMP_NUM_THREADS": "2", "SLURM_JOB_ID": "17"}
        assert (facts["python"], facts["gpus"]) == (platform.python_version(), ["0", "1"])
        assert (facts["executable"], facts["cpus"]) == (sys.executable, os.cpu_count())
        assert "hidden" not in text

    def test_packages_are_sorted_with_their_versions(self) -> None:
        listed = packages()
        assert f"numpy=={metadata.version('numpy')}" in listed
        named = {(each.metadata["Name"], each.metadata["Version"]) for each in metadata.distributions()}
        assert set(listed) == {f"{name}=={version}" for name, version in named if name and version}
        assert listed == sorted(listed, key=str.lower)
        assert all(re.fullmatch(r"[\w.-]+==\S+", line) for line in listed)
        assert collect(None).files["packages.txt"].splitlines() == listed

    def test_a_broken_package_is_left_out(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "broken-1.0.dist-info").mkdir()
        (tmp_path / "half-2.0.dist-info").mkdir()
        (tmp_path / "half-2.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: half\n")
        before = packages()
        monkeypatch.syspath_prepend(tmp_path)
        assert packages() == before

    def test_tags_are_text_that_mlflow_knows(self, tmp_path: Path) -> None:
        tags = collect(tmp_path / "train.py", argv=["sweeps", "run", "a b.yaml"]).tags
        assert tags["mlflow.source.name"] == str(tmp_path / "train.py")
        assert tags["mlflow.source.type"] == "LOCAL"
        assert shlex.split(tags["sweep.command"]) == ["sweeps", "run", "a b.yaml"]
        assert tags["sweep.host"] == platform.node()
        assert all(value for value in tags.values())


class TestRedact:
    # S23.
    @pytest.mark.parametrize(
        ("given_", "safe"),
        [
            ("--token abc", "--token ***"),
            ("--api-key=abc --lr=0.1", "--api-key=*** --lr=0.1"),
            ("--accessToken abc x", "--accessToken *** x"),
            ("HF_TOKEN=abc PASSWORD=abc", "HF_TOKEN=*** PASSWORD=***"),
            ("--password --verbose", "--password --verbose"),
            ("-token abc", "-token ***"),
            ("--tokenizer bert --max-tokens=5", "--tokenizer bert --max-tokens=5"),
            ("--store postgresql://ada:abc@host/db", "--store postgresql://ada:***@host/db"),
            ("--store=https://ada:a@bc@host/", "--store=https://ada:***@host/"),
            ("https://ada@host/?token=abc&lr=1", "https://ada@host/?token=***&lr=1"),
            ("token abc", "token abc"),
        ],
    )
    def test_hides_what_sounds_like_a_secret(self, given_: str, safe: str) -> None:
        assert " ".join(redact(given_.split())) == safe

    @given(st.lists(st.text(st.characters(codec="ascii", exclude_characters="=-:@?&"))))
    def test_leaves_anything_else_as_it_is(self, words: list[str]) -> None:
        assert redact(words) == words
