-- The search index, form 1: a copy of what can be found, made again from the messages at any time.

CREATE SCHEMA search;

-- One row. progress: how far whoever writes the index has read.
CREATE TABLE search.about (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    version integer NOT NULL,
    progress bytea NOT NULL
);
INSERT INTO search.about VALUES (true, 1, ''::bytea);

-- How many rows of a part were removed or replaced since its files were written anew.
CREATE TABLE search.removed (
    part integer PRIMARY KEY,
    removed bigint NOT NULL
);

-- part: of the conversation, so that files can be written anew one after another. terms: each with a letter before it
-- for what it is. placed: whether words have their positions; there are too many of them in a very long text.
CREATE TABLE search.messages (
    part integer NOT NULL,
    conversation bytea NOT NULL,
    number bigint NOT NULL,
    sent_at bigint NOT NULL,
    placed boolean NOT NULL,
    terms tsvector NOT NULL,
    PRIMARY KEY (part, conversation, number)
) PARTITION BY LIST (part);

DO $$
BEGIN
    FOR part IN 0..15 LOOP
        EXECUTE format('CREATE TABLE search.messages_%s PARTITION OF search.messages FOR VALUES IN (%s)', part, part);
        INSERT INTO search.removed VALUES (part, 0);
    END LOOP;
END $$;

CREATE INDEX by_terms ON search.messages USING gin (terms);
