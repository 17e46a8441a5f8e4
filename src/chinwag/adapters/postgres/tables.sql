-- What lasts on the way of a message, as schema 1 had it; what later ones have beside it is in `from_1.sql` and so on.
-- Names (of accounts, conversations, devices, sends) are bytea: the UTF-8 of any text, NUL included, compared byte by
-- byte whatever the database's locale. Values are in the form of adapters/stored.py unless a column says it all.

CREATE SCHEMA messages;

-- One row. system, timeline: the engine's at the last look (`live_1`). epoch: the inboxes'. partitions: of the log.
CREATE TABLE messages.life (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    version integer NOT NULL,
    partitions integer NOT NULL,
    system bigint NOT NULL,
    timeline integer NOT NULL,
    epoch bigint NOT NULL
);

-- The log's partitions. epoch: whose batches count. turn: of the last batch, or of one that was declared void. Each
-- batch writes its row, so there is room for newer versions on the same page.
CREATE TABLE messages.partitions (
    partition integer PRIMARY KEY,
    epoch bigint NOT NULL,
    turn bigint NOT NULL
) WITH (fillfactor = 10, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);

CREATE TABLE messages.events (
    conversation bytea NOT NULL,
    number bigint NOT NULL,
    event bytea NOT NULL,
    PRIMARY KEY (conversation, number)
);

CREATE TABLE messages.states (
    conversation bytea PRIMARY KEY,
    state bytea NOT NULL
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05);

CREATE TABLE messages.send_keys (
    conversation bytea NOT NULL,
    device bytea NOT NULL,
    id bytea NOT NULL,
    key bytea NOT NULL,
    PRIMARY KEY (conversation, device, id)
);

CREATE TABLE messages.spans (
    account bytea NOT NULL,
    conversation bytea NOT NULL,
    first bigint NOT NULL,
    span bytea NOT NULL,
    PRIMARY KEY (account, conversation, first)
);
-- The order of pages of an account's conversations.
CREATE INDEX spans_by_length ON messages.spans (account, octet_length(conversation), conversation);

-- Of each inbox: the last position given, and the position up to which all is forgotten.
CREATE TABLE messages.heads (
    account bytea PRIMARY KEY,
    last bigint NOT NULL DEFAULT 0,
    floor bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05);

-- One row a run of events of one conversation, or an event that has no number, or all runs that one transaction posts to
-- a stream (then `first` is 0 and `event` holds them). It covers `count` positions, the last of
-- which names it. posted_at: milliseconds since 1970.
CREATE TABLE messages.inbox (
    account bytea NOT NULL,
    last bigint NOT NULL,
    count integer NOT NULL,
    conversation bytea,
    first bigint,
    event bytea,
    posted_at bigint NOT NULL,
    PRIMARY KEY (account, last)
);

-- read: the number of the read mark. A row without marks is one that was only made to be locked.
CREATE TABLE messages.marks (
    conversation bytea NOT NULL,
    account bytea NOT NULL,
    read bigint NOT NULL DEFAULT 0,
    marks bytea,
    PRIMARY KEY (conversation, account)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05);

CREATE TABLE messages.steps (
    conversation bytea NOT NULL,
    account bytea NOT NULL,
    number bigint NOT NULL,
    at bigint NOT NULL,
    PRIMARY KEY (conversation, account, number)
);

CREATE TABLE messages.seen (
    account bytea PRIMARY KEY,
    online boolean NOT NULL,
    at bigint NOT NULL
) WITH (fillfactor = 50);
