-- What is known of a move of the messages away from this database. While there is a row, nobody serves them from here.
CREATE SCHEMA leaving;
-- One row. id: the place that they move to knows it as well. whereto: that place, for people. version: what `life` said
-- before, which an older version of Chinwag must not read meanwhile. began: in milliseconds since 1970.
CREATE TABLE leaving.move (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    id text COLLATE "C" NOT NULL,
    whereto text NOT NULL,
    version integer NOT NULL,
    began bigint NOT NULL,
    finished timestamptz
);
-- Of each table: behind which of its rows it goes on, and how many rows were moved.
CREATE TABLE leaving.parts (
    part text COLLATE "C" PRIMARY KEY,
    after bytea NOT NULL,
    rows bigint NOT NULL,
    whole boolean NOT NULL
);
