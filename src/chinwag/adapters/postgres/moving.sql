-- What is known of an installation that is moved into this database. While `finished` is null nobody may serve it.
CREATE SCHEMA moving;
-- One row. id: drawn by the data folder that is moved, which keeps it as well.
CREATE TABLE moving.move (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    version integer NOT NULL,
    id text COLLATE "C" NOT NULL,
    began timestamptz NOT NULL DEFAULT clock_timestamp(),
    finished timestamptz
);
-- Of each table: behind which row of the source it goes on, and how many rows of it are here.
CREATE TABLE moving.parts (
    part text COLLATE "C" PRIMARY KEY,
    after bytea NOT NULL DEFAULT '',
    rows bigint NOT NULL DEFAULT 0,
    whole boolean NOT NULL DEFAULT false
);
