"""The newest schema on PostgreSQL, for a database that is empty. Generated: `make docs`."""

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
    id TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    name_key TEXT COLLATE "C" NOT NULL,
    display_name TEXT COLLATE "C" NOT NULL,
    about TEXT COLLATE "C" NOT NULL,
    settings TEXT COLLATE "C" NOT NULL,
    password TEXT COLLATE "C" NOT NULL,
    admin BOOLEAN NOT NULL,
    disabled BOOLEAN NOT NULL,
    closed_at BIGINT,
    created_at BIGINT NOT NULL,
    version BIGINT NOT NULL,
    profile_version BIGINT DEFAULT '1' NOT NULL,
    look_alike TEXT COLLATE "C",
    avatar TEXT COLLATE "C" DEFAULT '' NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (name_key)
)
    """,
    """
CREATE INDEX accounts_by_look_alike ON accounts (look_alike)
    """,
    """
CREATE TABLE allowances (
    key BYTEA NOT NULL,
    level FLOAT NOT NULL,
    at BIGINT NOT NULL,
    full_at BIGINT,
    PRIMARY KEY (key)
)
    """,
    """
CREATE INDEX allowances_by_full_at ON allowances (full_at)
    """,
    """
CREATE TABLE announcements (
    id TEXT COLLATE "C" NOT NULL,
    text TEXT COLLATE "C" NOT NULL,
    at BIGINT NOT NULL,
    by TEXT COLLATE "C" NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    reached TEXT COLLATE "C",
    done BOOLEAN NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (key)
)
    """,
    """
CREATE TABLE audit (
    id BIGSERIAL NOT NULL,
    at BIGINT NOT NULL,
    actor TEXT COLLATE "C" NOT NULL,
    act TEXT COLLATE "C" NOT NULL,
    target TEXT COLLATE "C" NOT NULL,
    detail TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (id)
)
    """,
    """
CREATE TABLE blobs (
    hash TEXT COLLATE "C" NOT NULL,
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
CREATE TABLE erasures (
    account TEXT COLLATE "C" NOT NULL,
    closed_at BIGINT NOT NULL,
    stage INTEGER NOT NULL,
    behind BIGINT NOT NULL,
    PRIMARY KEY (account)
)
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
CREATE TABLE logout_tokens (
    digest BYTEA NOT NULL,
    until BIGINT NOT NULL,
    PRIMARY KEY (digest)
)
    """,
    """
CREATE INDEX logout_tokens_by_age ON logout_tokens (until)
    """,
    """
CREATE TABLE media_reading (
    id INTEGER NOT NULL,
    reached TEXT COLLATE "C" NOT NULL,
    at_head BIGINT NOT NULL,
    PRIMARY KEY (id)
)
    """,
    """
CREATE TABLE media_references (
    conversation TEXT COLLATE "C" NOT NULL,
    number BIGINT NOT NULL,
    upload TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (conversation, number)
)
    """,
    """
CREATE INDEX media_references_of_upload ON media_references (upload)
    """,
    """
CREATE TABLE open_groups (
    conversation TEXT COLLATE "C" NOT NULL,
    title TEXT COLLATE "C" NOT NULL,
    title_key TEXT COLLATE "C" NOT NULL,
    description TEXT COLLATE "C" NOT NULL,
    members INTEGER NOT NULL,
    head BIGINT NOT NULL,
    PRIMARY KEY (conversation)
)
    """,
    """
CREATE INDEX open_groups_by_title ON open_groups (title_key, conversation)
    """,
    """
CREATE TABLE openid_arrivals (
    code BYTEA NOT NULL,
    provider TEXT COLLATE "C" NOT NULL,
    binding TEXT COLLATE "C" NOT NULL,
    link TEXT COLLATE "C",
    expires_at BIGINT NOT NULL,
    issuer TEXT COLLATE "C" NOT NULL,
    subject TEXT COLLATE "C" NOT NULL,
    session TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    display_name TEXT COLLATE "C" NOT NULL,
    groups TEXT COLLATE "C" NOT NULL,
    refresh_token BYTEA NOT NULL,
    PRIMARY KEY (code)
)
    """,
    """
CREATE INDEX openid_arrivals_by_age ON openid_arrivals (expires_at)
    """,
    """
CREATE TABLE openid_trips (
    state BYTEA NOT NULL,
    provider TEXT COLLATE "C" NOT NULL,
    binding TEXT COLLATE "C" NOT NULL,
    return_to TEXT COLLATE "C" NOT NULL,
    nonce TEXT COLLATE "C" NOT NULL,
    verifier TEXT COLLATE "C" NOT NULL,
    link TEXT COLLATE "C",
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (state)
)
    """,
    """
CREATE INDEX openid_trips_by_age ON openid_trips (expires_at)
    """,
    """
CREATE TABLE outbox (
    id BIGSERIAL NOT NULL,
    account TEXT COLLATE "C" NOT NULL,
    payload BYTEA NOT NULL,
    version BIGINT NOT NULL,
    PRIMARY KEY (id)
)
    """,
    """
CREATE TABLE push_jobs (
    device TEXT COLLATE "C" NOT NULL,
    conversation TEXT COLLATE "C" NOT NULL,
    account TEXT COLLATE "C" NOT NULL,
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
CREATE INDEX push_jobs_of_conversation ON push_jobs (conversation, account)
    """,
    """
CREATE INDEX push_jobs_to_look_at ON push_jobs (look_at)
    """,
    """
CREATE TABLE push_mark (
    id INTEGER NOT NULL,
    reached TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (id)
)
    """,
    """
CREATE TABLE push_spreads (
    conversation TEXT COLLATE "C" NOT NULL,
    everyone BOOLEAN NOT NULL,
    number BIGINT NOT NULL,
    covered BIGINT NOT NULL,
    begun_at BIGINT NOT NULL,
    due BIGINT,
    after TEXT COLLATE "C" NOT NULL,
    told INTEGER NOT NULL,
    PRIMARY KEY (conversation, everyone)
)
    """,
    """
CREATE INDEX push_spreads_due ON push_spreads (due)
    """,
    """
CREATE TABLE refusals (
    account TEXT COLLATE "C" NOT NULL,
    other TEXT COLLATE "C" NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (account, other)
)
    """,
    """
CREATE INDEX refusals_by_age ON refusals (at)
    """,
    """
CREATE TABLE shown_people (
    key BYTEA NOT NULL,
    until BIGINT NOT NULL,
    people BYTEA NOT NULL,
    PRIMARY KEY (key)
)
    """,
    """
CREATE INDEX shown_people_by_until ON shown_people (until)
    """,
    """
CREATE TABLE signing_keys (
    id TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    sealed BYTEA NOT NULL,
    PRIMARY KEY (id)
)
    """,
    """
CREATE TABLE avatars (
    id TEXT COLLATE "C" NOT NULL,
    account TEXT COLLATE "C" NOT NULL,
    conversation TEXT COLLATE "C",
    hash TEXT COLLATE "C" NOT NULL,
    size BIGINT NOT NULL,
    claimed_at BIGINT NOT NULL,
    placed BOOLEAN NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(account) REFERENCES accounts (id)
)
    """,
    """
CREATE INDEX avatars_by_age ON avatars (placed, claimed_at)
    """,
    """
CREATE INDEX avatars_of_account ON avatars (account)
    """,
    """
CREATE INDEX avatars_of_blob ON avatars (hash)
    """,
    """
CREATE INDEX avatars_of_conversation ON avatars (conversation)
    """,
    """
CREATE TABLE blocks (
    blocker TEXT COLLATE "C" NOT NULL,
    blocked TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (blocker, blocked),
    FOREIGN KEY(blocker) REFERENCES accounts (id),
    FOREIGN KEY(blocked) REFERENCES accounts (id)
)
    """,
    """
CREATE INDEX blocks_of_blocked ON blocks (blocked)
    """,
    """
CREATE TABLE devices (
    id TEXT COLLATE "C" NOT NULL,
    account TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
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
CREATE TABLE friendships (
    low TEXT COLLATE "C" NOT NULL,
    high TEXT COLLATE "C" NOT NULL,
    bond TEXT COLLATE "C" NOT NULL,
    by TEXT COLLATE "C" NOT NULL,
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
CREATE TABLE given_places (
    account TEXT COLLATE "C" NOT NULL,
    conversation TEXT COLLATE "C" NOT NULL,
    provider TEXT COLLATE "C" NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    joined BIGINT NOT NULL,
    role TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (account, conversation),
    FOREIGN KEY(account) REFERENCES accounts (id)
)
    """,
    """
CREATE TABLE identities (
    issuer TEXT COLLATE "C" NOT NULL,
    subject TEXT COLLATE "C" NOT NULL,
    account TEXT COLLATE "C" NOT NULL,
    provider TEXT COLLATE "C" NOT NULL,
    linked_at BIGINT NOT NULL,
    groups TEXT COLLATE "C" NOT NULL,
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
CREATE TABLE invitations (
    digest BYTEA NOT NULL,
    uses_left INTEGER NOT NULL,
    expires_at BIGINT NOT NULL,
    created_by TEXT COLLATE "C",
    created_at BIGINT NOT NULL,
    PRIMARY KEY (digest),
    FOREIGN KEY(created_by) REFERENCES accounts (id)
)
    """,
    """
CREATE TABLE join_links (
    id TEXT COLLATE "C" NOT NULL,
    conversation TEXT COLLATE "C" NOT NULL,
    digest BYTEA NOT NULL,
    created_by TEXT COLLATE "C" NOT NULL,
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
CREATE TABLE known_networks (
    account TEXT COLLATE "C" NOT NULL,
    digest BYTEA NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (account, digest),
    FOREIGN KEY(account) REFERENCES accounts (id)
)
    """,
    """
CREATE TABLE places_due (
    account TEXT COLLATE "C" NOT NULL,
    provider TEXT COLLATE "C" NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (account, provider),
    FOREIGN KEY(account) REFERENCES accounts (id)
)
    """,
    """
CREATE INDEX places_due_by_age ON places_due (at)
    """,
    """
CREATE TABLE preferences (
    account TEXT COLLATE "C" NOT NULL,
    conversation TEXT COLLATE "C" NOT NULL,
    preferences TEXT COLLATE "C" NOT NULL,
    version BIGINT NOT NULL,
    every BOOLEAN DEFAULT false NOT NULL,
    PRIMARY KEY (account, conversation),
    FOREIGN KEY(account) REFERENCES accounts (id)
)
    """,
    """
CREATE INDEX preferences_of_every ON preferences (conversation, every, account)
    """,
    """
CREATE TABLE search_words (
    account TEXT COLLATE "C" NOT NULL,
    word TEXT COLLATE "C" NOT NULL,
    open BOOLEAN NOT NULL,
    PRIMARY KEY (account, word),
    FOREIGN KEY(account) REFERENCES accounts (id)
)
    """,
    """
CREATE INDEX search_words_by_word ON search_words (open, word, account)
    """,
    """
CREATE TABLE uploads (
    id TEXT COLLATE "C" NOT NULL,
    account TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    picture BOOLEAN NOT NULL,
    size BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    metadata TEXT COLLATE "C" NOT NULL,
    received BIGINT NOT NULL,
    parts INTEGER NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    held_until BIGINT NOT NULL,
    poster TEXT COLLATE "C" NOT NULL,
    found TEXT COLLATE "C",
    PRIMARY KEY (id),
    FOREIGN KEY(account) REFERENCES accounts (id)
)
    """,
    """
CREATE INDEX uploads_by_age ON uploads (state, expires_at)
    """,
    """
CREATE INDEX uploads_of_account ON uploads (account, state)
    """,
    """
CREATE TABLE created_groups (
    device TEXT COLLATE "C" NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    conversation TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    made BOOLEAN DEFAULT false NOT NULL,
    PRIMARY KEY (device, key),
    FOREIGN KEY(device) REFERENCES devices (id)
)
    """,
    """
CREATE INDEX created_groups_unsettled ON created_groups (made, created_at)
    """,
    """
CREATE TABLE link_uses (
    link TEXT COLLATE "C" NOT NULL,
    account TEXT COLLATE "C" NOT NULL,
    device TEXT COLLATE "C" NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
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
CREATE TABLE openid_sessions (
    device TEXT COLLATE "C" NOT NULL,
    provider TEXT COLLATE "C" NOT NULL,
    issuer TEXT COLLATE "C" NOT NULL,
    subject TEXT COLLATE "C" NOT NULL,
    session TEXT COLLATE "C" NOT NULL,
    refresh_token BYTEA NOT NULL,
    checked_at BIGINT NOT NULL,
    away_since BIGINT NOT NULL,
    asking_until BIGINT NOT NULL,
    PRIMARY KEY (device),
    FOREIGN KEY(device) REFERENCES devices (id)
)
    """,
    """
CREATE INDEX openid_sessions_of_session ON openid_sessions (issuer, session)
    """,
    """
CREATE INDEX openid_sessions_of_subject ON openid_sessions (issuer, subject)
    """,
    """
CREATE TABLE push_subscriptions (
    device TEXT COLLATE "C" NOT NULL,
    account TEXT COLLATE "C" NOT NULL,
    address TEXT COLLATE "C" NOT NULL,
    place BYTEA NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    registered_at BIGINT NOT NULL,
    cleared_at BIGINT NOT NULL,
    PRIMARY KEY (device),
    FOREIGN KEY(device) REFERENCES devices (id),
    FOREIGN KEY(account) REFERENCES accounts (id),
    UNIQUE (place)
)
    """,
    """
CREATE INDEX push_subscriptions_by_key ON push_subscriptions (key)
    """,
    """
CREATE INDEX push_subscriptions_of_account ON push_subscriptions (account)
    """,
    """
CREATE TABLE refresh_tokens (
    device TEXT COLLATE "C" NOT NULL,
    digest BYTEA NOT NULL,
    previous BYTEA,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (device),
    FOREIGN KEY(device) REFERENCES devices (id)
)
    """,
    """
CREATE TABLE upload_files (
    upload TEXT COLLATE "C" NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    hash TEXT COLLATE "C" NOT NULL,
    size BIGINT NOT NULL,
    media_type TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (upload, kind),
    FOREIGN KEY(upload) REFERENCES uploads (id)
)
    """,
    """
CREATE INDEX upload_files_of_blob ON upload_files (hash)
    """,
    """
CREATE TABLE upload_parts (
    upload TEXT COLLATE "C" NOT NULL,
    "offset" BIGINT NOT NULL,
    size BIGINT NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (upload, "offset"),
    FOREIGN KEY(upload) REFERENCES uploads (id)
)
    """,
    """
CREATE FUNCTION audit_is_only_added_to() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'the audit log is only added to'; END $$
    """,
    """
CREATE TRIGGER audit_no_change BEFORE UPDATE OR DELETE ON audit
FOR EACH ROW EXECUTE FUNCTION audit_is_only_added_to()
    """,
    """
CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE ON audit
FOR EACH STATEMENT EXECUTE FUNCTION audit_is_only_added_to()
    """,
)
