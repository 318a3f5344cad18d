-- From version 1 to 2: where a segment stands in its curve, and outlines of large segments.

-- `first_point` is the number of points that were logged into the series before the segment's first one. The table
-- is made anew since a column behind the data could be read only by way of all of the data.
CREATE TABLE placed_segments (
    segment_no INTEGER PRIMARY KEY,
    series_no INTEGER NOT NULL REFERENCES series,
    first_point INTEGER NOT NULL,
    first_step INTEGER NOT NULL,
    last_step INTEGER NOT NULL,
    points INTEGER NOT NULL,
    data BLOB NOT NULL
);
WITH places AS MATERIALIZED (
    SELECT segment_no, sum(points) OVER (PARTITION BY series_no ORDER BY segment_no) - points AS first_point
    FROM segments
)
INSERT INTO placed_segments (segment_no, series_no, first_point, first_step, last_step, points, data)
SELECT segment_no, series_no, places.first_point, first_step, last_step, points, data
FROM segments JOIN places USING (segment_no) ORDER BY segment_no;
DROP TABLE segments;
ALTER TABLE placed_segments RENAME TO segments;
CREATE UNIQUE INDEX segments_by_series ON segments (series_no, first_point);

-- What is drawn of a large segment in a chart of few points; empty where its steps go back, since a chart's do not.
CREATE TABLE outlines (
    segment_no INTEGER PRIMARY KEY REFERENCES segments ON DELETE CASCADE,
    data BLOB NOT NULL
);
