-- From version 3 to 4: what MLflow's clients say of experiments, runs, logged models and registered models.

-- Where an experiment's files are to lie, as a client said it: an opaque text, never followed; empty is here.
ALTER TABLE experiments ADD COLUMN artifact_location TEXT NOT NULL DEFAULT '';

-- The tags of an input as a JSON object of texts, the context among them.
ALTER TABLE inputs ADD COLUMN tags TEXT NOT NULL DEFAULT '{}';

-- Which logged models a run was told to use or to have made, beside those that were logged in it.
CREATE TABLE run_models (
    run_no INTEGER NOT NULL REFERENCES runs,
    direction TEXT NOT NULL CHECK (direction IN ('input', 'output')),
    model_id TEXT NOT NULL,
    step INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (run_no, direction, model_id)
) WITHOUT ROWID;
-- Whether a logged model is an output of its run without being told so; run 0 stands for no run.
ALTER TABLE models ADD COLUMN is_output INTEGER NOT NULL DEFAULT 1;

ALTER TABLE registered_models ADD COLUMN description TEXT NOT NULL DEFAULT '';
CREATE TABLE registered_model_tags (
    registered_no INTEGER NOT NULL REFERENCES registered_models ON DELETE CASCADE,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (registered_no, key)
) WITHOUT ROWID;
ALTER TABLE model_versions ADD COLUMN description TEXT NOT NULL DEFAULT '';
ALTER TABLE model_versions ADD COLUMN user_id TEXT NOT NULL DEFAULT '';
ALTER TABLE model_versions ADD COLUMN stage TEXT NOT NULL DEFAULT 'None';
ALTER TABLE model_versions ADD COLUMN run_link TEXT NOT NULL DEFAULT '';
CREATE TABLE model_version_tags (
    registered_no INTEGER NOT NULL,
    version INTEGER NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (registered_no, version, key),
    FOREIGN KEY (registered_no, version) REFERENCES model_versions ON DELETE CASCADE
) WITHOUT ROWID;
