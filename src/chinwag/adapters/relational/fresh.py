"""The newest schema, for a database that is empty. Generated from the migrations: `make docs`."""
# ruff: noqa: E501 - statements as SQLite keeps them

from typing import Final

REVISION: Final = "0016"
STATEMENTS: Final = (
    """
CREATE TABLE alembic_version (
    version_num VARCHAR(32) NOT NULL,
    CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
)
    """,
    """
CREATE TABLE accounts (
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    display_name TEXT NOT NULL,
    about TEXT NOT NULL,
    settings TEXT NOT NULL,
    password TEXT NOT NULL,
    admin BOOLEAN NOT NULL,
    disabled BOOLEAN NOT NULL,
    closed_at BIGINT,
    created_at BIGINT NOT NULL,
    version BIGINT NOT NULL, profile_version BIGINT DEFAULT '1' NOT NULL, look_alike TEXT, avatar TEXT DEFAULT '' NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (name_key)
)
    """,
    """
CREATE TABLE devices (
    id TEXT NOT NULL,
    account TEXT NOT NULL,
    name TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    revoked_at BIGINT,
    PRIMARY KEY (id),
    FOREIGN KEY(account) REFERENCES accounts (id)
)
    """,
    """
CREATE INDEX devices_of_account ON devices (account, revoked_at)
    """,
    """
CREATE TABLE refresh_tokens (
    device TEXT NOT NULL,
    digest BLOB NOT NULL,
    previous BLOB,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (device),
    FOREIGN KEY(device) REFERENCES devices (id)
)
    """,
    """
CREATE TABLE friendships (
    low TEXT NOT NULL,
    high TEXT NOT NULL,
    bond TEXT NOT NULL,
    "by" TEXT NOT NULL,
    at BIGINT NOT NULL,
    version BIGINT NOT NULL,
    PRIMARY KEY (low, high),
    FOREIGN KEY(low) REFERENCES accounts (id),
    FOREIGN KEY(high) REFERENCES accounts (id)
)
    """,
    """
CREATE INDEX friendships_of_high ON friendships (high, bond)
    """,
    """
CREATE TABLE blocks (
    blocker TEXT NOT NULL,
    blocked TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (blocker, blocked),
    FOREIGN KEY(blocker) REFERENCES accounts (id),
    FOREIGN KEY(blocked) REFERENCES accounts (id)
)
    """,
    """
CREATE TABLE invitations (
    digest BLOB NOT NULL,
    uses_left INTEGER NOT NULL,
    expires_at BIGINT NOT NULL,
    created_by TEXT,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (digest),
    FOREIGN KEY(created_by) REFERENCES accounts (id)
)
    """,
    """
CREATE TABLE created_groups (
    device TEXT NOT NULL,
    "key" TEXT NOT NULL,
    conversation TEXT NOT NULL,
    created_at BIGINT NOT NULL, made BOOLEAN DEFAULT 0 NOT NULL,
    PRIMARY KEY (device, "key"),
    FOREIGN KEY(device) REFERENCES devices (id)
)
    """,
    """
CREATE TABLE outbox (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    account TEXT NOT NULL,
    payload BLOB NOT NULL,
    version BIGINT NOT NULL
)
    """,
    """
CREATE INDEX blocks_of_blocked ON blocks (blocked)
    """,
    """
CREATE TABLE refusals (
    account TEXT NOT NULL,
    other TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (account, other)
)
    """,
    """
CREATE INDEX refusals_by_age ON refusals (at)
    """,
    """
CREATE TABLE open_groups (
    conversation TEXT NOT NULL,
    title TEXT NOT NULL,
    title_key TEXT NOT NULL,
    description TEXT NOT NULL,
    members INTEGER NOT NULL,
    head BIGINT NOT NULL,
    PRIMARY KEY (conversation)
)
    """,
    """
CREATE INDEX open_groups_by_title ON open_groups (title_key, conversation)
    """,
    """
CREATE TABLE listing_mark (
    id INTEGER NOT NULL,
    epoch BIGINT NOT NULL,
    position BIGINT NOT NULL,
    PRIMARY KEY (id)
)
    """,
    """
CREATE TABLE join_links (
    id TEXT NOT NULL,
    conversation TEXT NOT NULL,
    digest BLOB NOT NULL,
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    uses INTEGER NOT NULL,
    uses_left INTEGER NOT NULL,
    revoked_at BIGINT,
    PRIMARY KEY (id),
    UNIQUE (digest),
    FOREIGN KEY(created_by) REFERENCES accounts (id)
)
    """,
    """
CREATE INDEX join_links_of_conversation ON join_links (conversation, created_at)
    """,
    """
CREATE TABLE link_uses (
    link TEXT NOT NULL,
    account TEXT NOT NULL,
    device TEXT NOT NULL,
    id TEXT NOT NULL,
    at BIGINT NOT NULL,
    joined BOOLEAN NOT NULL,
    PRIMARY KEY (link, account),
    FOREIGN KEY(link) REFERENCES join_links (id),
    FOREIGN KEY(account) REFERENCES accounts (id)
)
    """,
    """
CREATE INDEX link_uses_unsettled ON link_uses (joined, at)
    """,
    """
CREATE TABLE announcements (
    id TEXT NOT NULL,
    text TEXT NOT NULL,
    at BIGINT NOT NULL,
    "by" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    reached TEXT,
    done BOOLEAN NOT NULL,
    PRIMARY KEY (id),
    UNIQUE ("key")
)
    """,
    """
CREATE TABLE audit (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    act TEXT NOT NULL,
    target TEXT NOT NULL,
    detail TEXT NOT NULL
)
    """,
    """
CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is only added to'); END
    """,
    """
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is only added to'); END
    """,
    """
CREATE TABLE erasures (
    account TEXT NOT NULL,
    closed_at BIGINT NOT NULL,
    stage INTEGER NOT NULL,
    behind BIGINT NOT NULL,
    PRIMARY KEY (account)
)
    """,
    """
CREATE TABLE known_networks (
    account TEXT NOT NULL,
    digest BLOB NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (account, digest),
    FOREIGN KEY(account) REFERENCES accounts (id)
)
    """,
    """
CREATE TRIGGER audit_no_replace BEFORE INSERT ON audit WHEN EXISTS (SELECT 1 FROM audit WHERE id = NEW.id) BEGIN SELECT RAISE(ABORT, 'the audit log is only added to'); END
    """,
    """
CREATE INDEX created_groups_unsettled ON created_groups (made, created_at)
    """,
    """
CREATE INDEX accounts_by_look_alike ON accounts (look_alike)
    """,
    """
CREATE TABLE search_words (
    account TEXT NOT NULL,
    word TEXT NOT NULL,
    open BOOLEAN NOT NULL,
    PRIMARY KEY (account, word),
    FOREIGN KEY(account) REFERENCES accounts (id)
)
    """,
    """
CREATE INDEX search_words_by_word ON search_words (open, word, account)
    """,
    """
CREATE TABLE signing_keys (
    id TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    sealed BLOB NOT NULL,
    PRIMARY KEY (id)
)
    """,
    """
CREATE TABLE allowances (
    "key" BLOB NOT NULL,
    level FLOAT NOT NULL,
    at BIGINT NOT NULL, full_at BIGINT,
    PRIMARY KEY ("key")
)
    """,
    """
CREATE INDEX allowances_by_full_at ON allowances (full_at)
    """,
    """
CREATE TABLE shown_people (
    "key" BLOB NOT NULL,
    until BIGINT NOT NULL,
    people BLOB NOT NULL,
    PRIMARY KEY ("key")
)
    """,
    """
CREATE INDEX shown_people_by_until ON shown_people (until)
    """,
    """
CREATE TABLE preferences (
    account TEXT NOT NULL,
    conversation TEXT NOT NULL,
    preferences TEXT NOT NULL,
    version BIGINT NOT NULL, every BOOLEAN DEFAULT 0 NOT NULL,
    PRIMARY KEY (account, conversation),
    FOREIGN KEY(account) REFERENCES accounts (id)
)
    """,
    """
CREATE TABLE identities (
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    account TEXT NOT NULL,
    provider TEXT NOT NULL,
    linked_at BIGINT NOT NULL,
    groups TEXT NOT NULL,
    made_admin BOOLEAN NOT NULL,
    said_at BIGINT NOT NULL,
    PRIMARY KEY (issuer, subject),
    FOREIGN KEY(account) REFERENCES accounts (id)
)
    """,
    """
CREATE UNIQUE INDEX identities_of_account ON identities (account, provider)
    """,
    """
CREATE TABLE given_places (
    account TEXT NOT NULL,
    conversation TEXT NOT NULL,
    provider TEXT NOT NULL,
    id TEXT NOT NULL,
    joined BIGINT NOT NULL,
    role TEXT NOT NULL,
    PRIMARY KEY (account, conversation),
    FOREIGN KEY(account) REFERENCES accounts (id)
)
    """,
    """
CREATE TABLE places_due (
    account TEXT NOT NULL,
    provider TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (account, provider),
    FOREIGN KEY(account) REFERENCES accounts (id)
)
    """,
    """
CREATE INDEX places_due_by_age ON places_due (at)
    """,
    """
CREATE TABLE openid_trips (
    state BLOB NOT NULL,
    provider TEXT NOT NULL,
    binding TEXT NOT NULL,
    return_to TEXT NOT NULL,
    nonce TEXT NOT NULL,
    verifier TEXT NOT NULL,
    link TEXT,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (state)
)
    """,
    """
CREATE INDEX openid_trips_by_age ON openid_trips (expires_at)
    """,
    """
CREATE TABLE openid_arrivals (
    code BLOB NOT NULL,
    provider TEXT NOT NULL,
    binding TEXT NOT NULL,
    link TEXT,
    expires_at BIGINT NOT NULL,
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    session TEXT NOT NULL,
    name TEXT NOT NULL,
    display_name TEXT NOT NULL,
    groups TEXT NOT NULL,
    refresh_token BLOB NOT NULL,
    PRIMARY KEY (code)
)
    """,
    """
CREATE INDEX openid_arrivals_by_age ON openid_arrivals (expires_at)
    """,
    """
CREATE TABLE openid_sessions (
    device TEXT NOT NULL,
    provider TEXT NOT NULL,
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    session TEXT NOT NULL,
    refresh_token BLOB NOT NULL,
    checked_at BIGINT NOT NULL,
    away_since BIGINT NOT NULL,
    asking_until BIGINT NOT NULL,
    PRIMARY KEY (device),
    FOREIGN KEY(device) REFERENCES devices (id)
)
    """,
    """
CREATE INDEX openid_sessions_of_subject ON openid_sessions (issuer, subject)
    """,
    """
CREATE INDEX openid_sessions_of_session ON openid_sessions (issuer, session)
    """,
    """
CREATE TABLE logout_tokens (
    digest BLOB NOT NULL,
    until BIGINT NOT NULL,
    PRIMARY KEY (digest)
)
    """,
    """
CREATE INDEX logout_tokens_by_age ON logout_tokens (until)
    """,
    """
CREATE TABLE push_subscriptions (
    device TEXT NOT NULL,
    account TEXT NOT NULL,
    address TEXT NOT NULL,
    place BLOB NOT NULL,
    "key" TEXT NOT NULL,
    registered_at BIGINT NOT NULL,
    cleared_at BIGINT NOT NULL,
    PRIMARY KEY (device),
    FOREIGN KEY(device) REFERENCES devices (id),
    FOREIGN KEY(account) REFERENCES accounts (id),
    UNIQUE (place)
)
    """,
    """
CREATE INDEX push_subscriptions_of_account ON push_subscriptions (account)
    """,
    """
CREATE INDEX push_subscriptions_by_key ON push_subscriptions ("key")
    """,
    """
CREATE TABLE push_jobs (
    device TEXT NOT NULL,
    conversation TEXT NOT NULL,
    account TEXT NOT NULL,
    number BIGINT NOT NULL,
    since BIGINT NOT NULL,
    due BIGINT,
    attempt INTEGER NOT NULL,
    shown BIGINT NOT NULL,
    shown_at BIGINT NOT NULL,
    look_at BIGINT,
    held BOOLEAN NOT NULL,
    lease BIGINT NOT NULL,
    PRIMARY KEY (device, conversation)
)
    """,
    """
CREATE INDEX push_jobs_due ON push_jobs (due)
    """,
    """
CREATE INDEX push_jobs_to_look_at ON push_jobs (look_at)
    """,
    """
CREATE INDEX push_jobs_of_conversation ON push_jobs (conversation, account)
    """,
    """
CREATE TABLE push_mark (
    id INTEGER NOT NULL,
    reached TEXT NOT NULL,
    PRIMARY KEY (id)
)
    """,
    """
CREATE TABLE uploads (
    id TEXT NOT NULL,
    account TEXT NOT NULL,
    name TEXT NOT NULL,
    picture BOOLEAN NOT NULL,
    size BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    metadata TEXT NOT NULL,
    received BIGINT NOT NULL,
    parts INTEGER NOT NULL,
    state TEXT NOT NULL,
    held_until BIGINT NOT NULL,
    poster TEXT NOT NULL,
    found TEXT,
    PRIMARY KEY (id),
    FOREIGN KEY(account) REFERENCES accounts (id)
)
    """,
    """
CREATE INDEX uploads_of_account ON uploads (account, state)
    """,
    """
CREATE INDEX uploads_by_age ON uploads (state, expires_at)
    """,
    """
CREATE TABLE upload_parts (
    upload TEXT NOT NULL,
    "offset" BIGINT NOT NULL,
    size BIGINT NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (upload, "offset"),
    FOREIGN KEY(upload) REFERENCES uploads (id)
)
    """,
    """
CREATE TABLE upload_files (
    upload TEXT NOT NULL,
    kind TEXT NOT NULL,
    hash TEXT NOT NULL,
    size BIGINT NOT NULL,
    media_type TEXT NOT NULL,
    PRIMARY KEY (upload, kind),
    FOREIGN KEY(upload) REFERENCES uploads (id)
)
    """,
    """
CREATE INDEX upload_files_of_blob ON upload_files (hash)
    """,
    """
CREATE TABLE blobs (
    hash TEXT NOT NULL,
    size BIGINT NOT NULL,
    claimed_at BIGINT NOT NULL,
    dying BOOLEAN NOT NULL,
    PRIMARY KEY (hash)
)
    """,
    """
CREATE INDEX blobs_dying ON blobs (dying, hash)
    """,
    """
CREATE TABLE avatars (
    id TEXT NOT NULL,
    account TEXT NOT NULL,
    conversation TEXT,
    hash TEXT NOT NULL,
    size BIGINT NOT NULL,
    claimed_at BIGINT NOT NULL,
    placed BOOLEAN NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(account) REFERENCES accounts (id)
)
    """,
    """
CREATE INDEX avatars_of_account ON avatars (account)
    """,
    """
CREATE INDEX avatars_of_conversation ON avatars (conversation)
    """,
    """
CREATE INDEX avatars_of_blob ON avatars (hash)
    """,
    """
CREATE INDEX avatars_by_age ON avatars (placed, claimed_at)
    """,
    """
CREATE TABLE media_references (
    conversation TEXT NOT NULL,
    number BIGINT NOT NULL,
    upload TEXT NOT NULL,
    PRIMARY KEY (conversation, number)
)
    """,
    """
CREATE INDEX media_references_of_upload ON media_references (upload)
    """,
    """
CREATE TABLE media_reading (
    id INTEGER NOT NULL,
    reached TEXT NOT NULL,
    at_head BIGINT NOT NULL,
    PRIMARY KEY (id)
)
    """,
    """
CREATE INDEX preferences_of_every ON preferences (conversation, every, account)
    """,
    """
CREATE TABLE push_spreads (
    conversation TEXT NOT NULL,
    everyone BOOLEAN NOT NULL,
    number BIGINT NOT NULL,
    covered BIGINT NOT NULL,
    begun_at BIGINT NOT NULL,
    due BIGINT,
    "after" TEXT NOT NULL,
    told INTEGER NOT NULL,
    PRIMARY KEY (conversation, everyone)
)
    """,
    """
CREATE INDEX push_spreads_due ON push_spreads (due)
    """,
)
