"""The tables, as SQLAlchemy Core knows them. What makes and changes them stands in `migrations/`.

Ids are text, times are milliseconds since 1970.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    false,
)
from sqlalchemy import Text as AnyText

from chinwag.adapters.relational.plain_text import PlainText

METADATA = MetaData()

# In the order of code points everywhere, as pages go by it; a database may have an order of its own.
Text = AnyText().with_variant(PlainText(), "postgresql")

# SQLite counts a key up by itself only if it is called INTEGER.
RISING = BigInteger().with_variant(Integer, "sqlite")

accounts = Table(
    "accounts",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("name_key", Text, nullable=False, unique=True),
    Column("display_name", Text, nullable=False),
    Column("about", Text, nullable=False),
    Column("settings", Text, nullable=False),
    Column("password", Text, nullable=False),
    Column("admin", Boolean, nullable=False),
    Column("disabled", Boolean, nullable=False),
    Column("closed_at", BigInteger),
    Column("created_at", BigInteger, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("profile_version", BigInteger, nullable=False, server_default="1"),
    Column("look_alike", Text),
    Column("avatar", Text, nullable=False, server_default=""),
    Index("accounts_by_look_alike", "look_alike"),
)

# The beginnings by which people find an account; `open`: also people who do not know it.
search_words = Table(
    "search_words",
    METADATA,
    Column("account", Text, ForeignKey("accounts.id"), primary_key=True),
    Column("word", Text, primary_key=True),
    Column("open", Boolean, nullable=False),
    Index("search_words_by_word", "open", "word", "account"),
)

devices = Table(
    "devices",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("account", Text, ForeignKey("accounts.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("last_seen_at", BigInteger, nullable=False),
    Column("revoked_at", BigInteger),
    Index("devices_of_account", "account", "revoked_at"),
)

refresh_tokens = Table(
    "refresh_tokens",
    METADATA,
    Column("device", Text, ForeignKey("devices.id"), primary_key=True),
    Column("digest", LargeBinary, nullable=False),
    Column("previous", LargeBinary),
    Column("expires_at", BigInteger, nullable=False),
)

# Where an account has logged in before.
known_networks = Table(
    "known_networks",
    METADATA,
    Column("account", Text, ForeignKey("accounts.id"), primary_key=True),
    Column("digest", LargeBinary, primary_key=True),
    Column("at", BigInteger, nullable=False),
)

friendships = Table(
    "friendships",
    METADATA,
    Column("low", Text, ForeignKey("accounts.id"), primary_key=True),
    Column("high", Text, ForeignKey("accounts.id"), primary_key=True),
    Column("bond", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("version", BigInteger, nullable=False),
    Index("friendships_of_high", "high", "bond"),
)

# What accounts want of their conversations.
preferences = Table(
    "preferences",
    METADATA,
    Column("account", Text, ForeignKey("accounts.id"), primary_key=True),
    Column("conversation", Text, primary_key=True),
    Column("preferences", Text, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("every", Boolean, nullable=False, server_default=false()),
    Index("preferences_of_every", "conversation", "every", "account"),
)

# Who an account is at providers; `groups` is a list in JSON.
identities = Table(
    "identities",
    METADATA,
    Column("issuer", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("account", Text, ForeignKey("accounts.id"), nullable=False),
    Column("provider", Text, nullable=False),
    Column("linked_at", BigInteger, nullable=False),
    Column("groups", Text, nullable=False),
    Column("made_admin", Boolean, nullable=False),
    Column("said_at", BigInteger, nullable=False),
    Index("identities_of_account", "account", "provider", unique=True),
)

# Places in conversations that groups at providers have given.
given_places = Table(
    "given_places",
    METADATA,
    Column("account", Text, ForeignKey("accounts.id"), primary_key=True),
    Column("conversation", Text, primary_key=True),
    Column("provider", Text, nullable=False),
    Column("id", Text, nullable=False),
    Column("joined", BigInteger, nullable=False),
    Column("role", Text, nullable=False),
)

# Whose places are to be given or taken.
places_due = Table(
    "places_due",
    METADATA,
    Column("account", Text, ForeignKey("accounts.id"), primary_key=True),
    Column("provider", Text, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Index("places_due_by_age", "at"),
)

# Who was sent to a provider.
openid_trips = Table(
    "openid_trips",
    METADATA,
    Column("state", LargeBinary, primary_key=True),
    Column("provider", Text, nullable=False),
    Column("binding", Text, nullable=False),
    Column("return_to", Text, nullable=False),
    Column("nonce", Text, nullable=False),
    Column("verifier", Text, nullable=False),
    Column("link", Text),
    Column("expires_at", BigInteger, nullable=False),
    Index("openid_trips_by_age", "expires_at"),
)

# Who came back from one; `groups` is a list in JSON, the refresh token is sealed.
openid_arrivals = Table(
    "openid_arrivals",
    METADATA,
    Column("code", LargeBinary, primary_key=True),
    Column("provider", Text, nullable=False),
    Column("binding", Text, nullable=False),
    Column("link", Text),
    Column("expires_at", BigInteger, nullable=False),
    Column("issuer", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("session", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("display_name", Text, nullable=False),
    Column("groups", Text, nullable=False),
    Column("refresh_token", LargeBinary, nullable=False),
    Index("openid_arrivals_by_age", "expires_at"),
)

# Devices that a provider let in; the refresh token is sealed.
openid_sessions = Table(
    "openid_sessions",
    METADATA,
    Column("device", Text, ForeignKey("devices.id"), primary_key=True),
    Column("provider", Text, nullable=False),
    Column("issuer", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("session", Text, nullable=False),
    Column("refresh_token", LargeBinary, nullable=False),
    Column("checked_at", BigInteger, nullable=False),
    Column("away_since", BigInteger, nullable=False),
    Column("asking_until", BigInteger, nullable=False),
    Index("openid_sessions_of_subject", "issuer", "subject"),
    Index("openid_sessions_of_session", "issuer", "session"),
)

# Logout tokens that were taken, as digests.
logout_tokens = Table(
    "logout_tokens",
    METADATA,
    Column("digest", LargeBinary, primary_key=True),
    Column("until", BigInteger, nullable=False),
    Index("logout_tokens_by_age", "until"),
)

# Where devices can be reached by pushes: `address` in JSON, `place` its digest; `key`: of VAPID, empty for others.
push_subscriptions = Table(
    "push_subscriptions",
    METADATA,
    Column("device", Text, ForeignKey("devices.id"), primary_key=True),
    Column("account", Text, ForeignKey("accounts.id"), nullable=False),
    Column("address", Text, nullable=False),
    Column("place", LargeBinary, nullable=False, unique=True),
    Column("key", Text, nullable=False),
    Column("registered_at", BigInteger, nullable=False),
    Column("cleared_at", BigInteger, nullable=False),
    Index("push_subscriptions_of_account", "account"),
    Index("push_subscriptions_by_key", "key"),
)

# What waits to be pushed, and what devices show; `due` is empty if nothing waits, `look_at` if nothing is shown.
push_jobs = Table(
    "push_jobs",
    METADATA,
    Column("device", Text, primary_key=True),
    Column("conversation", Text, primary_key=True),
    Column("account", Text, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("due", BigInteger),
    Column("attempt", Integer, nullable=False),
    Column("shown", BigInteger, nullable=False),
    Column("shown_at", BigInteger, nullable=False),
    Column("look_at", BigInteger),
    Column("held", Boolean, nullable=False),
    Column("lease", BigInteger, nullable=False),
    Index("push_jobs_due", "due"),
    Index("push_jobs_to_look_at", "look_at"),
    Index("push_jobs_of_conversation", "conversation", "account"),
)

# Of large groups: what is to be pushed to many, and which of them had their turn; `due` is empty if nothing waits.
push_spreads = Table(
    "push_spreads",
    METADATA,
    Column("conversation", Text, primary_key=True),
    Column("everyone", Boolean, primary_key=True),
    Column("number", BigInteger, nullable=False),
    Column("covered", BigInteger, nullable=False),
    Column("begun_at", BigInteger, nullable=False),
    Column("due", BigInteger),
    Column("after", Text, nullable=False),
    Column("told", Integer, nullable=False),
    Index("push_spreads_due", "due"),
)

# One row: how far the streams have been read for pushes, in JSON.
push_mark = Table(
    "push_mark",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("reached", Text, nullable=False),
)

# Who takes nothing from whom.
blocks = Table(
    "blocks",
    METADATA,
    Column("blocker", Text, ForeignKey("accounts.id"), primary_key=True),
    Column("blocked", Text, ForeignKey("accounts.id"), primary_key=True),
    Column("created_at", BigInteger, nullable=False),
    Index("blocks_of_blocked", "blocked"),
)

# Whose refusals a direct conversation does not know yet; `other` is empty for everybody's.
refusals = Table(
    "refusals",
    METADATA,
    Column("account", Text, primary_key=True),
    Column("other", Text, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Index("refusals_by_age", "at"),
)

# Closed accounts of which something may be left; `behind`: postings of the outbox up to this one are from before.
erasures = Table(
    "erasures",
    METADATA,
    Column("account", Text, primary_key=True),
    Column("closed_at", BigInteger, nullable=False),
    Column("stage", Integer, nullable=False),
    Column("behind", BigInteger, nullable=False),
)

invitations = Table(
    "invitations",
    METADATA,
    Column("digest", LargeBinary, primary_key=True),
    Column("uses_left", Integer, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("created_by", Text, ForeignKey("accounts.id")),
    Column("created_at", BigInteger, nullable=False),
)

created_groups = Table(
    "created_groups",
    METADATA,
    Column("device", Text, ForeignKey("devices.id"), primary_key=True),
    Column("key", Text, primary_key=True),
    Column("conversation", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("made", Boolean, nullable=False, server_default=false()),
    Index("created_groups_unsettled", "made", "created_at"),
)

outbox = Table(
    "outbox",
    METADATA,
    Column("id", RISING, primary_key=True, autoincrement=True),
    Column("account", Text, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("version", BigInteger, nullable=False),
    # Without it SQLite gives the id of a row that was the last and is gone a second time.
    sqlite_autoincrement=True,
)

open_groups = Table(
    "open_groups",
    METADATA,
    Column("conversation", Text, primary_key=True),
    Column("title", Text, nullable=False),
    Column("title_key", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("members", Integer, nullable=False),
    Column("head", BigInteger, nullable=False),
    Index("open_groups_by_title", "title_key", "conversation"),
)

# One row: how far the listing has read its inbox.
listing_mark = Table(
    "listing_mark",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("epoch", BigInteger, nullable=False),
    Column("position", BigInteger, nullable=False),
)

join_links = Table(
    "join_links",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("conversation", Text, nullable=False),
    Column("digest", LargeBinary, nullable=False, unique=True),
    Column("created_by", Text, ForeignKey("accounts.id"), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("uses", Integer, nullable=False),
    Column("uses_left", Integer, nullable=False),
    Column("revoked_at", BigInteger),
    Index("join_links_of_conversation", "conversation", "created_at"),
)

link_uses = Table(
    "link_uses",
    METADATA,
    Column("link", Text, ForeignKey("join_links.id"), primary_key=True),
    Column("account", Text, ForeignKey("accounts.id"), primary_key=True),
    Column("device", Text, nullable=False),
    Column("id", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("joined", Boolean, nullable=False),
    Index("link_uses_unsettled", "joined", "at"),
)

announcements = Table(
    "announcements",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("text", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("by", Text, nullable=False),
    Column("key", Text, nullable=False, unique=True),
    Column("reached", Text),
    Column("done", Boolean, nullable=False),
)

# Triggers forbid to change or remove a row.
audit = Table(
    "audit",
    METADATA,
    Column("id", RISING, primary_key=True, autoincrement=True),
    Column("at", BigInteger, nullable=False),
    Column("actor", Text, nullable=False),
    Column("act", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("detail", Text, nullable=False),
    sqlite_autoincrement=True,
)

# The keys that sign access tokens and the secret behind refresh tokens, sealed; `id` is empty for the secret.
signing_keys = Table(
    "signing_keys",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("created_at", BigInteger, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
)

# How much is left of what several servers count together, such as wrong guesses; `full_at`: when it is all there again.
allowances = Table(
    "allowances",
    METADATA,
    Column("key", LargeBinary, primary_key=True),
    Column("level", Float, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("full_at", BigInteger),
    Index("allowances_by_full_at", "full_at"),
)

# Whom searches have shown to an account within its day; all of them as digests.
shown_people = Table(
    "shown_people",
    METADATA,
    Column("key", LargeBinary, primary_key=True),
    Column("until", BigInteger, nullable=False),
    Column("people", LargeBinary, nullable=False),
    Index("shown_people_by_until", "until"),
)

# `size`: as declared, and once it is ready of the original as stored. `parts`: how many rows of the next table it has.
uploads = Table(
    "uploads",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("account", Text, ForeignKey("accounts.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("picture", Boolean, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("metadata", Text, nullable=False),
    Column("received", BigInteger, nullable=False),
    Column("parts", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("held_until", BigInteger, nullable=False),
    Column("poster", Text, nullable=False),
    Column("found", Text),
    Index("uploads_of_account", "account", "state"),
    Index("uploads_by_age", "state", "expires_at"),
)

upload_parts = Table(
    "upload_parts",
    METADATA,
    Column("upload", Text, ForeignKey("uploads.id"), primary_key=True),
    Column("offset", BigInteger, primary_key=True, autoincrement=False),
    Column("size", BigInteger, nullable=False),
    Column("name", Text, nullable=False),
)

upload_files = Table(
    "upload_files",
    METADATA,
    Column("upload", Text, ForeignKey("uploads.id"), primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("hash", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("media_type", Text, nullable=False),
    Index("upload_files_of_blob", "hash"),
)

# Contents of the MediaStore; `dying`: deletion has begun.
blobs = Table(
    "blobs",
    METADATA,
    Column("hash", Text, primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("claimed_at", BigInteger, nullable=False),
    Column("dying", Boolean, nullable=False),
    Index("blobs_dying", "dying", "hash"),
)

# Pictures of accounts, and of groups (`conversation`); `placed`: that one has it, and it is not on its way.
avatars = Table(
    "avatars",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("account", Text, ForeignKey("accounts.id"), nullable=False),
    Column("conversation", Text),
    Column("hash", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("claimed_at", BigInteger, nullable=False),
    Column("placed", Boolean, nullable=False),
    Index("avatars_of_account", "account"),
    Index("avatars_of_conversation", "conversation"),
    Index("avatars_of_blob", "hash"),
    Index("avatars_by_age", "placed", "claimed_at"),
)

# Which messages show which uploads.
media_references = Table(
    "media_references",
    METADATA,
    Column("conversation", Text, primary_key=True),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("upload", Text, nullable=False),
    Index("media_references_of_upload", "upload"),
)

# One row: how far these are kept (in JSON), and when they were last known to be all.
media_reading = Table(
    "media_reading",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("reached", Text, nullable=False),
    Column("at_head", BigInteger, nullable=False),
)
