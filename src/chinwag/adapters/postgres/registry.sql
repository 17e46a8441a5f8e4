-- Which processes live, and which worker numbers are theirs. Only this server's clock counts.
CREATE SCHEMA registry;
CREATE TABLE registry.version (number integer NOT NULL);
-- about: what the node says of itself, as JSON, for whoever reads it in another version too.
CREATE TABLE registry.nodes (
    id text COLLATE "C" PRIMARY KEY,
    roles text[] NOT NULL,
    about bytea NOT NULL,
    until timestamptz NOT NULL
);
CREATE TABLE registry.workers (
    number integer PRIMARY KEY,
    holder text COLLATE "C",
    until timestamptz NOT NULL DEFAULT '-infinity'
);
