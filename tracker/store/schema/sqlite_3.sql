-- From version 2 to 3: whatever is searched or sorted by has an index in that order.

-- A curve's first value is the one of the least step, and of the earliest time within it.
ALTER TABLE series ADD COLUMN first_value REAL;
ALTER TABLE series ADD COLUMN first_step INTEGER;
ALTER TABLE series ADD COLUMN first_timestamp INTEGER;
WITH begins AS MATERIALIZED (
    SELECT series_no, first_of('value', data) AS value, first_step AS step, first_of('timestamp', data) AS timestamp,
        row_number() OVER (PARTITION BY series_no ORDER BY first_of('timestamp', data), first_point) AS place
    FROM segments
    WHERE first_step = (SELECT min(b.first_step) FROM segments AS b WHERE b.series_no = segments.series_no)
)
UPDATE series SET first_value = begins.value, first_step = begins.step, first_timestamp = begins.timestamp
FROM begins WHERE begins.series_no = series.series_no AND begins.place = 1;
CREATE INDEX series_by_last ON series (key_no, of_model, last_value, run_no);

-- Below its fence a holder of a run is refused: it was given to another one. How many calls were is counted.
ALTER TABLE runs ADD COLUMN fence INTEGER NOT NULL DEFAULT 0;
ALTER TABLE runs ADD COLUMN refused INTEGER NOT NULL DEFAULT 0;
-- How often points of it were taken back: what was read before of its curves is not their beginning any more.
ALTER TABLE runs ADD COLUMN rewinds INTEGER NOT NULL DEFAULT 0;
CREATE INDEX runs_fenced ON runs (run_id, fence) WHERE fence > 0;

-- The metrics of runs that have ended, each as bytes: what a list of runs shows. It goes when one of the curves changes.
CREATE TABLE run_summaries (
    run_no INTEGER PRIMARY KEY REFERENCES runs,
    data BLOB NOT NULL
);

DROP INDEX runs_by_experiment;
CREATE INDEX runs_by_experiment ON runs (experiment_id, start_time DESC, run_id);
CREATE INDEX runs_by_start ON runs (start_time DESC, run_id);
CREATE INDEX run_params_by_value ON run_params (key, value, run_no);
CREATE INDEX run_params_by_number ON run_params (key, number, run_no) WHERE number IS NOT NULL;
CREATE INDEX run_tags_by_value ON run_tags (key, value, run_no);

-- Params never change, so models with equal params have equal hashes: the XOR of the hashes of their params.
ALTER TABLE models ADD COLUMN params_hash INTEGER NOT NULL DEFAULT 0;
ALTER TABLE run_params ADD COLUMN hash INTEGER NOT NULL DEFAULT 0;
UPDATE run_params SET hash = param_hash(key, value);
ALTER TABLE model_params RENAME TO unhashed_params;
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
INSERT INTO model_params (model_no, key, value, number, json, hash)
SELECT model_no, key, value, number, json, param_hash(key, value) FROM unhashed_params;
DROP TABLE unhashed_params;

DROP INDEX models_by_experiment;
CREATE INDEX models_by_experiment ON models (experiment_id, creation_timestamp DESC, model_id);
CREATE INDEX models_by_creation ON models (creation_timestamp DESC, model_id);
CREATE INDEX model_params_by_value ON model_params (key, value, model_no);
CREATE INDEX model_params_by_number ON model_params (key, number, model_no) WHERE number IS NOT NULL;
CREATE INDEX model_tags_by_value ON model_tags (key, value, model_no);

-- The points that are not the newest of their model, metric and dataset; most models have none.
ALTER TABLE model_metrics RENAME TO older_points;
DROP INDEX model_metrics_by_model;
CREATE INDEX older_points_by_model ON older_points (model_no, key_no, dataset_no);
DELETE FROM older_points WHERE point_no IN (
    SELECT point_no FROM (
        SELECT point_no, row_number() OVER (
            PARTITION BY model_no, key_no, dataset_no ORDER BY timestamp DESC, step DESC, point_no DESC
        ) AS place FROM older_points
    ) WHERE place = 1
);
CREATE INDEX older_points_by_value ON older_points (key_no, dataset_no, value);
-- What is written a million times: its numbers were looked up in the same transaction, and references to be looked up
-- once more for each row would take as long as writing it.
ALTER TABLE model_scores RENAME TO scored_points;
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
INSERT INTO model_scores (model_no, key_no, dataset_no, run_no, value, step, timestamp)
SELECT model_no, key_no, dataset_no, run_no, value, step, timestamp FROM scored_points;
DROP TABLE scored_points;
CREATE INDEX model_scores_by_value ON model_scores (key_no, dataset_no, value);
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
    last_updated_timestamp INTEGER NOT NULL
);

-- `model_id` and `run_id` are what the version was made of, if it was: `source` may be anything else.
CREATE TABLE model_versions (
    registered_no INTEGER NOT NULL REFERENCES registered_models ON DELETE CASCADE,
    version INTEGER NOT NULL,
    model_id TEXT,
    run_id TEXT,
    source TEXT NOT NULL,
    creation_timestamp INTEGER NOT NULL,
    last_updated_timestamp INTEGER NOT NULL,
    PRIMARY KEY (registered_no, version)
) WITHOUT ROWID;
CREATE INDEX model_versions_by_model ON model_versions (model_id);

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
