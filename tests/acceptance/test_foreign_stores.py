"""A store that somebody else has written, opened as one of our own: nothing outside of it is touched (S46)."""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

import pytest

import sweeps
import tracker
from sweeps.cli.main import main as sweeps_main
from sweeps.errors import SweepError
from tracker.cli.main import main as tracker_main
from tracker.client.folder import StoreFolder
from tracker.errors import NotAStore, StoreError
from tracker.store.sqlite.connection import connect_reader, connect_writer

ACTING = (
    "CREATE TRIGGER helpful AFTER INSERT ON runs BEGIN DELETE FROM experiments; END",
    "CREATE TEMP TRIGGER t AFTER INSERT ON runs BEGIN SELECT 1; END; CREATE VIEW v AS SELECT 1",
    "CREATE VIEW mine AS WITH RECURSIVE r (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT n FROM r",
    "ALTER TABLE run_tags RENAME TO hidden; CREATE VIEW run_tags AS SELECT run_no, key, 'evil' AS value FROM hidden",
    "DROP VIEW model_points; CREATE VIEW model_points AS SELECT 1 AS model_no",
    """DROP TRIGGER model_params_make_a_hash;
    CREATE TRIGGER model_params_make_a_hash AFTER INSERT ON model_params BEGIN DELETE FROM runs; END""",
    "CREATE VIRTUAL TABLE searched USING fts5 (x)",
    "CREATE VIEW calls AS SELECT load_extension('evil')",
    "CREATE VIEW opens AS SELECT writefile('evil', 'x'), readfile('/etc/passwd')",
)
MALFORMED = (
    "UPDATE sqlite_schema SET sql = 'CREATE TABLE runs (' WHERE name = 'runs'",
    "UPDATE sqlite_schema SET rootpage = 1 << 30 WHERE name = 'runs'",
    "UPDATE sqlite_schema SET rootpage = (SELECT rootpage FROM sqlite_schema WHERE name = 'files') WHERE name = 'runs'",
    "DELETE FROM sqlite_schema WHERE name = 'runs'",
    "UPDATE sqlite_schema SET name = 'x', tbl_name = 'x' WHERE name = 'experiments'",
    "UPDATE sqlite_schema SET sql = NULL WHERE name = 'metric_keys'",
    "UPDATE sqlite_schema SET sql = replace(sql, 'run_no', 'run_number') WHERE name = 'runs'",
)
# IDs and paths that lead from `store/artifacts/models` to what is beside the store, or are none at all.
LEADING_OUT = ("m-x/../../../../beside", "../../../beside", "/{beside}", "..", ".", "m-x/../../../../beside/", "a\0b")


@pytest.fixture
def place(store: Path) -> Path:
    with tracker.open(store) as opened, opened.start_run("e", name="r") as run:
        run.log({"loss": 0.5}, step=1)
        run.log_model("net", lambda folder: (folder / "w").write_bytes(b"weights"), step=1).log({"acc": 0.5})
    return store


@pytest.fixture
def beside(tmp_path: Path) -> Path:
    """What a foreign store must not reach."""
    (tmp_path / "beside").mkdir()
    (tmp_path / "beside" / "w").write_bytes(b"canary")
    return tmp_path / "beside"


def change(place: Path, script: str, *values: object) -> None:
    with closing(sqlite3.connect(place / "tracker.db")) as database, database:
        if values:
            database.execute(script, values)
        else:
            database.executescript(script)


def use_all(place: Path, to: Path) -> None:
    """Do with a store all that may be done with one."""
    with tracker.open(place, create=False) as opened:
        for model in opened.search_logged_models(experiment_names=["e"]):
            for act in (
                lambda: model.path.resolve().relative_to(place / "artifacts"),  # noqa: B023  # of this round
                lambda: model.download(to / "model"),  # noqa: B023
                lambda: opened.delete_logged_model(model.model_id),  # noqa: B023
            ):
                with suppress(tracker.TrackerError):
                    act()
        for run in opened.search_runs(experiment_names=["e"]):
            with suppress(tracker.TrackerError):
                opened.download(run.run_id, to / "run")
            with suppress(tracker.TrackerError), opened.start_run(run_id=run.run_id) as again:
                again.log_artifact(place / "tracker.db")


@pytest.mark.parametrize("script", ACTING, ids=range(len(ACTING)))
def test_a_file_that_acts_by_itself_is_no_store(place: Path, script: str, capsys: pytest.CaptureFixture[str]) -> None:
    change(place, script)
    before = hashlib.sha256((place / "tracker.db").read_bytes()).digest()
    for create in (True, False):
        with pytest.raises(NotAStore, match=r"acts by itself and is none of a tracker's"):
            tracker.open(place, create=create)
    for words in (["runs"], ["doctor"], ["gc"], ["backup", str(place.parent / "copy")], ["serve", "--port", "0"]):
        assert tracker_main([*words, "--store", str(place)]) != 0, words
        told = "".join(capsys.readouterr())
        assert "acts by itself" in told or "tracker.db is not a SQLite file of ours" in told, words
        assert "Traceback" not in told
    assert hashlib.sha256((place / "tracker.db").read_bytes()).digest() == before


@pytest.mark.parametrize("script", MALFORMED, ids=range(len(MALFORMED)))
def test_a_malformed_schema_is_an_error_of_ours(place: Path, script: str, capsys: pytest.CaptureFixture[str]) -> None:
    change(place, f"PRAGMA writable_schema = ON; {script}; PRAGMA schema_version = 999")
    with pytest.raises(StoreError):  # noqa: SIM117  # whichever of them it is
        with tracker.open(place, create=False) as opened:
            opened.search_runs(experiment_names=["e"])
    assert tracker_main(["doctor", "--store", str(place)]) != 0
    assert "Traceback" not in "".join(capsys.readouterr())


@pytest.mark.parametrize("kind", ["models", "runs"])
@pytest.mark.parametrize("id_", LEADING_OUT, ids=range(len(LEADING_OUT)))
def test_no_id_leads_out_of_the_store(place: Path, beside: Path, tmp_path: Path, kind: str, id_: str) -> None:
    # What stands before `..` must be there, as whoever made the store will have seen to.
    (place / "artifacts" / kind / "m-x").mkdir(parents=True)
    id_ = id_.replace("{beside}", str(beside))
    change(place, f"UPDATE {kind} SET {kind[:-1]}_id = ? WHERE {kind[:-1]}_no > 0", id_)
    change(place, "UPDATE files SET owner = ?, size = 6, sha256 = ?", id_, hashlib.sha256(b"canary").hexdigest())
    use_all(place, tmp_path / "to")
    for words in (["gc"], ["doctor", "--deep"], ["backup", str(tmp_path / "copy")]):
        tracker_main([*words, "--store", str(place)])
    assert [path.name for path in beside.iterdir()] == ["w"]
    assert (beside / "w").read_bytes() == b"canary"
    assert not any(b"canary" in path.read_bytes() for path in (tmp_path / "to").rglob("*") if path.is_file())


@pytest.mark.parametrize("path", ["../w", "../../../../beside/w", "/{beside}/w", "a/../../../../../beside/w", "", "."])
def test_no_files_path_leads_out_of_the_store_or_of_where_it_is_copied_to(
    place: Path, beside: Path, tmp_path: Path, path: str
) -> None:
    before = sorted(each for each in tmp_path.iterdir())
    path = path.replace("{beside}", str(beside))
    change(place, "UPDATE files SET path = ?, size = 6, sha256 = ?", path, hashlib.sha256(b"canary").hexdigest())
    use_all(place, tmp_path / "to" / "there")
    left = {each.name for each in (tmp_path / "to").rglob("*") if each.is_file()}
    assert left == set()
    assert (beside / "w").read_bytes() == b"canary"
    assert set(tmp_path.iterdir()) - set(before) <= {tmp_path / "to"}


@pytest.mark.parametrize("id_", ["../../beside", "..", "/{beside}"])
def test_no_sweeps_id_leads_out_of_the_store(
    store: Path, beside: Path, id_: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def train(trial: sweeps.Trial) -> None:
        trial.log({"loss": 1.0})

    sweeps.run(sweeps.Sweep(train, parameters={"n": {"value": 0}}, method="grid", executor="inline"), store=store)
    change(store, "UPDATE runs SET run_id = ? WHERE parent_run_id IS NULL AND run_no > 0", id_.format(beside=beside))
    with pytest.raises(SweepError, match="is no ID of a sweep"):
        sweeps.resume(store=store, sweep=sweeps.Sweep(train, parameters={"n": {"value": 0}}, method="grid"))
    for command in ("status", "stop"):
        assert sweeps_main([command, "last", "--store", str(store)]) == 2
        assert "is no ID of a sweep" in capsys.readouterr().err
    assert [path.name for path in beside.iterdir()] == ["w"]


def test_what_is_added_for_speed_is_left_alone(place: Path) -> None:
    change(place, "CREATE INDEX mine ON runs (run_name); CREATE TABLE notes (x); ANALYZE")
    with tracker.open(place, create=False) as opened:
        assert len(opened.search_runs(experiment_names=["e"])) == 1


@pytest.mark.anyio
async def test_every_connection_distrusts_the_file(place: Path) -> None:
    path = StoreFolder(place).database
    for connect in (connect_writer, connect_reader):
        connection = await connect(path)
        try:
            for pragma, expected in (("trusted_schema", 0), ("cell_size_check", 1), ("mmap_size", 0)):
                assert await connection.value(f"PRAGMA {pragma}") == expected, (connect, pragma)
        finally:
            await connection.aclose()
