-- A new store, as the steps beside this make it of version 1's. Times are milliseconds since the epoch.
-- A metric's value is NULL where it is NaN, since SQLite has no NaN; a row without a value does not exist.

-- Where an experiment's files are to lie is as a client said it: an opaque text, never followed; empty is here.
CREATE TABLE experiments (
    experiment_id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    lifecycle_stage TEXT NOT NULL DEFAULT 'active',
    creation_time INTEGER NOT NULL,
    last_update_time INTEGER NOT NULL,
    artifact_location TEXT NOT NULL DEFAULT ''
);

CREATE TABLE experiment_tags (
    experiment_id INTEGER NOT NULL REFERENCES experiments,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (experiment_id, key)
) WITHOUT ROWID;

-- Below its fence a holder of a run is refused: it was given to another one. How many calls were is counted, and how often
-- points of it were taken back: what was read before of its curves is not their beginning any more.
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
    lifecycle_stage TEXT NOT NULL DEFAULT 'active',
    fence INTEGER NOT NULL DEFAULT 0,
    refused INTEGER NOT NULL DEFAULT 0,
    rewinds INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX runs_by_parent ON runs (parent_run_id) WHERE parent_run_id IS NOT NULL;
CREATE INDEX runs_fenced ON runs (run_id, fence) WHERE fence > 0;
CREATE INDEX runs_by_experiment ON runs (experiment_id, start_time DESC, run_id);
CREATE INDEX runs_by_start ON runs (start_time DESC, run_id);

-- A param is text, as MLflow has it; `number` is its value where it is one, `json` what it was if not text.
CREATE TABLE run_params (
    run_no INTEGER NOT NULL REFERENCES runs,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    number REAL,
    json TEXT,
    hash INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (run_no, key)
) WITHOUT ROWID;
CREATE INDEX run_params_by_value ON run_params (key, value, run_no);
CREATE INDEX run_params_by_number ON run_params (key, number, run_no) WHERE number IS NOT NULL;

CREATE TABLE run_tags (
    run_no INTEGER NOT NULL REFERENCES runs,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (run_no, key)
) WITHOUT ROWID;
CREATE INDEX run_tags_by_value ON run_tags (key, value, run_no);

-- The metrics of runs that have ended, each as bytes: what a list of runs shows. It goes when one of the curves changes.
CREATE TABLE run_summaries (
    run_no INTEGER PRIMARY KEY REFERENCES runs,
    data BLOB NOT NULL
);

-- Which logged models a run was told to use or to have made, beside those that were logged in it.
CREATE TABLE run_models (
    run_no INTEGER NOT NULL REFERENCES runs,
    direction TEXT NOT NULL CHECK (direction IN ('input', 'output')),
    model_id TEXT NOT NULL,
    step INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (run_no, direction, model_id)
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

-- The tags of an input are a JSON object of texts, the context among them.
CREATE TABLE inputs (
    run_no INTEGER NOT NULL REFERENCES runs,
    dataset_no INTEGER NOT NULL REFERENCES datasets,
    context TEXT NOT NULL,
    tags TEXT NOT NULL DEFAULT '{}',
    PRIMARY KEY (run_no, dataset_no)
) WITHOUT ROWID;

-- One curve: its summary here, its points in segments. Minimum and maximum are over finite values. Its first value is the
-- one of the least step, and of the earliest time within it.
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
    first_value REAL,
    first_step INTEGER,
    first_timestamp INTEGER,
    UNIQUE (run_no, key_no, of_model, dataset_no)
);
CREATE INDEX series_to_merge ON series (series_no) WHERE small_segments >= 64;
CREATE INDEX series_by_last ON series (key_no, of_model, last_value, run_no);

-- `first_point` is the number of points that were logged into the series before the segment's first one. It stands before
-- the data: a column behind them could be read only by way of all of the data.
CREATE TABLE segments (
    segment_no INTEGER PRIMARY KEY,
    series_no INTEGER NOT NULL REFERENCES series,
    first_point INTEGER NOT NULL,
    first_step INTEGER NOT NULL,
    last_step INTEGER NOT NULL,
    points INTEGER NOT NULL,
    data BLOB NOT NULL
);
CREATE UNIQUE INDEX segments_by_series ON segments (series_no, first_point);

-- What is drawn of a large segment in a chart of few points; empty where its steps go back, since a chart's do not.
CREATE TABLE outlines (
    segment_no INTEGER PRIMARY KEY REFERENCES segments ON DELETE CASCADE,
    data BLOB NOT NULL
);

-- Params never change, so models with equal params have equal hashes: the XOR of the hashes of their params. `is_output`
-- says whether a logged model is an output of its run without being told so.
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
    lifecycle_stage TEXT NOT NULL DEFAULT 'active',
    params_hash INTEGER NOT NULL DEFAULT 0,
    is_output INTEGER NOT NULL DEFAULT 1
);
CREATE INDEX models_by_run ON models (run_no);
CREATE INDEX models_by_experiment ON models (experiment_id, creation_timestamp DESC, model_id);
CREATE INDEX models_by_creation ON models (creation_timestamp DESC, model_id);

CREATE TABLE model_params (
    model_no INTEGER NOT NULL REFERENCES models,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    number REAL,
    json TEXT,
    hash INTEGER NOT NULL,
    PRIMARY KEY (model_no, key)
) WITHOUT ROWID;
CREATE TRIGGER model_params_make_a_hash AFTER INSERT ON model_params BEGIN
    UPDATE models SET params_hash = (params_hash | new.hash) - (params_hash & new.hash) WHERE model_no = new.model_no;
END;
CREATE INDEX model_params_by_value ON model_params (key, value, model_no);
CREATE INDEX model_params_by_number ON model_params (key, number, model_no) WHERE number IS NOT NULL;

CREATE TABLE model_tags (
    model_no INTEGER NOT NULL REFERENCES models,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (model_no, key)
) WITHOUT ROWID;
CREATE INDEX model_tags_by_value ON model_tags (key, value, model_no);

-- The newest point per model, metric and dataset (by timestamp, then step): what rankings walk along.
-- It is written a million times: its numbers were looked up in the same transaction, and references to be looked up once
-- more for each row would take as long as writing it.
CREATE TABLE model_scores (
    model_no INTEGER NOT NULL,
    key_no INTEGER NOT NULL,
    dataset_no INTEGER NOT NULL,
    run_no INTEGER NOT NULL,
    value REAL,
    step INTEGER NOT NULL,
    timestamp INTEGER NOT NULL,
    PRIMARY KEY (model_no, key_no, dataset_no)
) WITHOUT ROWID;
CREATE INDEX model_scores_by_value ON model_scores (key_no, dataset_no, value);

-- The points that are not the newest of their model, metric and dataset; most models have none.
CREATE TABLE older_points (
    point_no INTEGER PRIMARY KEY,
    model_no INTEGER NOT NULL REFERENCES models,
    key_no INTEGER NOT NULL REFERENCES metric_keys,
    dataset_no INTEGER NOT NULL REFERENCES datasets,
    run_no INTEGER NOT NULL REFERENCES runs,
    value REAL,
    step INTEGER NOT NULL,
    timestamp INTEGER NOT NULL
);
CREATE INDEX older_points_by_model ON older_points (model_no, key_no, dataset_no);
CREATE INDEX older_points_by_value ON older_points (key_no, dataset_no, value);

CREATE VIEW model_points AS
    SELECT model_no, key_no, dataset_no, run_no, value, step, timestamp FROM model_scores
    UNION ALL
    SELECT model_no, key_no, dataset_no, run_no, value, step, timestamp FROM older_points;

-- What is ranked by the million, as columns of so many model numbers each. They are made of the rows in quiet moments,
-- and go when one of these rows changes. Metric 0 on dataset 0 stands for what is said of the models themselves.
CREATE TABLE model_columns (
    key_no INTEGER NOT NULL,
    dataset_no INTEGER NOT NULL,
    chunk INTEGER NOT NULL,
    data BLOB NOT NULL,
    UNIQUE (chunk, key_no, dataset_no)
);

-- Registered models: names under which logged models have versions. A number is never given twice, so the last is kept.
CREATE TABLE registered_models (
    registered_no INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    last_version INTEGER NOT NULL,
    creation_timestamp INTEGER NOT NULL,
    last_updated_timestamp INTEGER NOT NULL,
    description TEXT NOT NULL DEFAULT ''
);

CREATE TABLE registered_model_tags (
    registered_no INTEGER NOT NULL REFERENCES registered_models ON DELETE CASCADE,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (registered_no, key)
) WITHOUT ROWID;

-- `model_id` and `run_id` are what the version was made of, if it was: `source` may be anything else.
CREATE TABLE model_versions (
    registered_no INTEGER NOT NULL REFERENCES registered_models ON DELETE CASCADE,
    version INTEGER NOT NULL,
    model_id TEXT,
    run_id TEXT,
    source TEXT NOT NULL,
    creation_timestamp INTEGER NOT NULL,
    last_updated_timestamp INTEGER NOT NULL,
    description TEXT NOT NULL DEFAULT '',
    user_id TEXT NOT NULL DEFAULT '',
    stage TEXT NOT NULL DEFAULT 'None',
    run_link TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (registered_no, version)
) WITHOUT ROWID;
CREATE INDEX model_versions_by_model ON model_versions (model_id);

CREATE TABLE model_version_tags (
    registered_no INTEGER NOT NULL,
    version INTEGER NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (registered_no, version, key),
    FOREIGN KEY (registered_no, version) REFERENCES model_versions ON DELETE CASCADE
) WITHOUT ROWID;

CREATE TABLE model_aliases (
    registered_no INTEGER NOT NULL,
    alias TEXT NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (registered_no, alias),
    FOREIGN KEY (registered_no, version) REFERENCES model_versions ON DELETE CASCADE
) WITHOUT ROWID;
CREATE INDEX model_aliases_by_version ON model_aliases (registered_no, version);

-- Every decision about an alias, in the order decided. A value is NULL where nothing was measured, and the text 'NaN'
-- where it was that; a dataset without a name is none. The incumbent may have been measured on another digest.
CREATE TABLE promotions (
    promotion_no INTEGER PRIMARY KEY,
    promotion_id TEXT NOT NULL UNIQUE,
    timestamp INTEGER NOT NULL,
    name TEXT NOT NULL,
    alias TEXT NOT NULL,
    version INTEGER,
    promoted INTEGER NOT NULL,
    reason TEXT NOT NULL,
    metric TEXT NOT NULL,
    goal TEXT NOT NULL,
    min_lead REAL NOT NULL,
    lead REAL,
    candidate_id TEXT NOT NULL,
    candidate_value REAL,
    dataset_name TEXT NOT NULL,
    dataset_digest TEXT NOT NULL,
    incumbent_id TEXT,
    incumbent_value REAL,
    incumbent_dataset_name TEXT NOT NULL DEFAULT '',
    incumbent_dataset_digest TEXT NOT NULL DEFAULT ''
);
CREATE INDEX promotions_by_name ON promotions (name, alias);

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

-- What came of edits, as JSON, kept in their transactions: one that a client asks for again, since its answer was lost, is
-- carried out once. Only the last of them by number are kept; the code says how many.
CREATE TABLE answers (
    edit_no INTEGER PRIMARY KEY,
    edit_id TEXT NOT NULL UNIQUE,
    answer TEXT NOT NULL
);
