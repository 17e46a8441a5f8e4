"""Log-ins by providers (OpenID Connect): who accounts are there, and what is kept of a log-in under way."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables."""
    text = sa.Text(collation="C") if op.get_bind().dialect.name == "postgresql" else sa.Text()
    op.create_table(
        "identities",
        sa.Column("issuer", text, primary_key=True),
        sa.Column("subject", text, primary_key=True),
        sa.Column("account", text, sa.ForeignKey("accounts.id"), nullable=False),
        sa.Column("provider", text, nullable=False),
        sa.Column("linked_at", sa.BigInteger, nullable=False),
        sa.Column("groups", text, nullable=False),
        sa.Column("made_admin", sa.Boolean, nullable=False),
        sa.Column("said_at", sa.BigInteger, nullable=False),
    )
    op.create_index("identities_of_account", "identities", ["account", "provider"], unique=True)
    op.create_table(
        "given_places",
        sa.Column("account", text, sa.ForeignKey("accounts.id"), primary_key=True),
        sa.Column("conversation", text, primary_key=True),
        sa.Column("provider", text, nullable=False),
        sa.Column("id", text, nullable=False),
        sa.Column("joined", sa.BigInteger, nullable=False),
        sa.Column("role", text, nullable=False),
    )
    op.create_table(
        "places_due",
        sa.Column("account", text, sa.ForeignKey("accounts.id"), primary_key=True),
        sa.Column("provider", text, primary_key=True),
        sa.Column("at", sa.BigInteger, nullable=False),
    )
    op.create_index("places_due_by_age", "places_due", ["at"])
    op.create_table(
        "openid_trips",
        sa.Column("state", sa.LargeBinary, primary_key=True),
        sa.Column("provider", text, nullable=False),
        sa.Column("binding", text, nullable=False),
        sa.Column("return_to", text, nullable=False),
        sa.Column("nonce", text, nullable=False),
        sa.Column("verifier", text, nullable=False),
        sa.Column("link", text),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
    )
    op.create_index("openid_trips_by_age", "openid_trips", ["expires_at"])
    op.create_table(
        "openid_arrivals",
        sa.Column("code", sa.LargeBinary, primary_key=True),
        sa.Column("provider", text, nullable=False),
        sa.Column("binding", text, nullable=False),
        sa.Column("link", text),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.Column("issuer", text, nullable=False),
        sa.Column("subject", text, nullable=False),
        sa.Column("session", text, nullable=False),
        sa.Column("name", text, nullable=False),
        sa.Column("display_name", text, nullable=False),
        sa.Column("groups", text, nullable=False),
        sa.Column("refresh_token", sa.LargeBinary, nullable=False),
    )
    op.create_index("openid_arrivals_by_age", "openid_arrivals", ["expires_at"])
    op.create_table(
        "openid_sessions",
        sa.Column("device", text, sa.ForeignKey("devices.id"), primary_key=True),
        sa.Column("provider", text, nullable=False),
        sa.Column("issuer", text, nullable=False),
        sa.Column("subject", text, nullable=False),
        sa.Column("session", text, nullable=False),
        sa.Column("refresh_token", sa.LargeBinary, nullable=False),
        sa.Column("checked_at", sa.BigInteger, nullable=False),
        sa.Column("away_since", sa.BigInteger, nullable=False),
        sa.Column("asking_until", sa.BigInteger, nullable=False),
    )
    op.create_index("openid_sessions_of_subject", "openid_sessions", ["issuer", "subject"])
    op.create_index("openid_sessions_of_session", "openid_sessions", ["issuer", "session"])
    op.create_table(
        "logout_tokens",
        sa.Column("digest", sa.LargeBinary, primary_key=True),
        sa.Column("until", sa.BigInteger, nullable=False),
    )
    op.create_index("logout_tokens_by_age", "logout_tokens", ["until"])
