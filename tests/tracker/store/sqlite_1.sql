-- Version 1 of the store. Times are milliseconds since the epoch.
-- A metric's value is NULL where it is NaN, since SQLite has no NaN; a row without a value does not exist.

CREATE TABLE experiments (
    experiment_id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    lifecycle_stage TEXT NOT NULL DEFAULT 'active',
    creation_time INTEGER NOT NULL,
    last_update_time INTEGER NOT NULL
);

CREATE TABLE experiment_tags (
    experiment_id INTEGER NOT NULL REFERENCES experiments,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (experiment_id, key)
) WITHOUT ROWID;

CREATE TABLE runs (
    run_no INTEGER PRIMARY KEY,
    run_id TEXT NOT NULL UNIQUE,
    experiment_id INTEGER NOT NULL REFERENCES experiments,
    parent_run_id TEXT,
    run_name TEXT NOT NULL,
    user_id TEXT NOT NULL DEFAULT '',
    status TEXT NOT NULL,
    start_time INTEGER NOT NULL,
    end_time INTEGER,
    lifecycle_stage TEXT NOT NULL DEFAULT 'active'
);
CREATE INDEX runs_by_experiment ON runs (experiment_id, start_time);
CREATE INDEX runs_by_parent ON runs (parent_run_id) WHERE parent_run_id IS NOT NULL;

-- A param is text, as MLflow has it; `number` is its value where it is one, `json` what it was if not text.
CREATE TABLE run_params (
    run_no INTEGER NOT NULL REFERENCES runs,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    number REAL,
    json TEXT,
    PRIMARY KEY (run_no, key)
) WITHOUT ROWID;

CREATE TABLE run_tags (
    run_no INTEGER NOT NULL REFERENCES runs,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (run_no, key)
) WITHOUT ROWID;

CREATE TABLE metric_keys (
    key_no INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE
);

-- Row 0 stands for "measured on no dataset in particular", so that keys over datasets need no NULL.
CREATE TABLE datasets (
    dataset_no INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    digest TEXT NOT NULL,
    source_type TEXT NOT NULL DEFAULT '',
    source TEXT NOT NULL DEFAULT '',
    schema TEXT NOT NULL DEFAULT '',
    profile TEXT NOT NULL DEFAULT '',
    UNIQUE (name, digest)
);
INSERT INTO datasets (dataset_no, name, digest) VALUES (0, '', '');

CREATE TABLE inputs (
    run_no INTEGER NOT NULL REFERENCES runs,
    dataset_no INTEGER NOT NULL REFERENCES datasets,
    context TEXT NOT NULL,
    PRIMARY KEY (run_no, dataset_no)
) WITHOUT ROWID;

-- One curve: its summary here, its points in segments. Minimum and maximum are over finite values.
-- dataset_no is 0 for what the run logged itself, and a dataset's for what its models were measured on.
CREATE TABLE series (
    series_no INTEGER PRIMARY KEY,
    run_no INTEGER NOT NULL REFERENCES runs,
    key_no INTEGER NOT NULL REFERENCES metric_keys,
    of_model INTEGER NOT NULL,
    dataset_no INTEGER NOT NULL REFERENCES datasets,
    points INTEGER NOT NULL,
    small_segments INTEGER NOT NULL,
    last_value REAL,
    last_step INTEGER NOT NULL,
    last_timestamp INTEGER NOT NULL,
    min_value REAL,
    min_step INTEGER,
    max_value REAL,
    max_step INTEGER,
    UNIQUE (run_no, key_no, of_model, dataset_no)
);

CREATE TABLE segments (
    segment_no INTEGER PRIMARY KEY,
    series_no INTEGER NOT NULL REFERENCES series,
    first_step INTEGER NOT NULL,
    last_step INTEGER NOT NULL,
    points INTEGER NOT NULL,
    data BLOB NOT NULL
);
CREATE INDEX segments_by_series ON segments (series_no, segment_no);

CREATE TABLE models (
    model_no INTEGER PRIMARY KEY,
    model_id TEXT NOT NULL UNIQUE,
    run_no INTEGER NOT NULL REFERENCES runs,
    experiment_id INTEGER NOT NULL REFERENCES experiments,
    name TEXT NOT NULL,
    model_type TEXT NOT NULL,
    step INTEGER,
    status TEXT NOT NULL,
    creation_timestamp INTEGER NOT NULL,
    last_updated_timestamp INTEGER NOT NULL,
    lifecycle_stage TEXT NOT NULL DEFAULT 'active'
);
CREATE INDEX models_by_experiment ON models (experiment_id, creation_timestamp);
CREATE INDEX models_by_run ON models (run_no);

CREATE TABLE model_params (
    model_no INTEGER NOT NULL REFERENCES models,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    number REAL,
    json TEXT,
    PRIMARY KEY (model_no, key)
) WITHOUT ROWID;

CREATE TABLE model_tags (
    model_no INTEGER NOT NULL REFERENCES models,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (model_no, key)
) WITHOUT ROWID;

-- Every point of every model: what filters look at.
CREATE TABLE model_metrics (
    point_no INTEGER PRIMARY KEY,
    model_no INTEGER NOT NULL REFERENCES models,
    key_no INTEGER NOT NULL REFERENCES metric_keys,
    dataset_no INTEGER NOT NULL REFERENCES datasets,
    run_no INTEGER NOT NULL REFERENCES runs,
    value REAL,
    step INTEGER NOT NULL,
    timestamp INTEGER NOT NULL
);
CREATE INDEX model_metrics_by_model ON model_metrics (model_no, key_no, dataset_no);

-- The newest point per model, metric and dataset (by timestamp, then step): what rankings walk along.
-- `score` is the value where it is finite, so that NaN and infinities rank with the missing ones.
CREATE TABLE model_scores (
    model_no INTEGER NOT NULL REFERENCES models,
    key_no INTEGER NOT NULL REFERENCES metric_keys,
    dataset_no INTEGER NOT NULL REFERENCES datasets,
    run_no INTEGER NOT NULL REFERENCES runs,
    value REAL,
    score REAL,
    step INTEGER NOT NULL,
    timestamp INTEGER NOT NULL,
    PRIMARY KEY (model_no, key_no, dataset_no)
) WITHOUT ROWID;
CREATE INDEX model_scores_by_score ON model_scores (key_no, dataset_no, score);

-- `owner` is a run's or a logged model's ID.
CREATE TABLE files (
    owner TEXT NOT NULL,
    path TEXT NOT NULL,
    size INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    PRIMARY KEY (owner, path)
) WITHOUT ROWID;

-- How far each journal is folded in: kept in the transaction that folds it, which makes folding exactly once.
CREATE TABLE journals (
    journal_id TEXT PRIMARY KEY,
    part INTEGER NOT NULL,
    position INTEGER NOT NULL
) WITHOUT ROWID;

CREATE INDEX series_to_merge ON series (series_no) WHERE small_segments >= 64;
