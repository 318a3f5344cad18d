-- From version 4 to 5: edits that a client asks for again, since their answer was lost, are carried out once.

-- What came of each, as JSON: kept in its transaction. Only the last of them by number are; the code says how many.
CREATE TABLE answers (
    edit_no INTEGER PRIMARY KEY,
    edit_id TEXT NOT NULL UNIQUE,
    answer TEXT NOT NULL
);
