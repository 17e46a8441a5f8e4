"""The tables, as SQLAlchemy Core knows them. What makes and changes them stands in `migrations/`.

Ids are text, times are milliseconds since 1970.
"""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, LargeBinary, MetaData, Table, Text

METADATA = MetaData()

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

# Reserved: who takes nothing from whom. Nothing reads or writes it yet.
blocks = Table(
    "blocks",
    METADATA,
    Column("blocker", Text, ForeignKey("accounts.id"), primary_key=True),
    Column("blocked", Text, ForeignKey("accounts.id"), primary_key=True),
    Column("created_at", BigInteger, nullable=False),
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
