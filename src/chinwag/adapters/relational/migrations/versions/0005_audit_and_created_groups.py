"""No statement rewrites the audit log; requests that made no group leave no row."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forbid to put an entry over another one, and note of each remembered request whether its group was made."""
    if op.get_bind().dialect.name == "sqlite":
        # REPLACE takes the old row away without a word to the trigger upon DELETE.
        op.execute(
            "CREATE TRIGGER audit_no_replace BEFORE INSERT ON audit "
            "WHEN EXISTS (SELECT 1 FROM audit WHERE id = NEW.id) "
            "BEGIN SELECT RAISE(ABORT, 'the audit log is only added to'); END"
        )
    else:
        op.execute(
            "CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE ON audit "
            "FOR EACH STATEMENT EXECUTE FUNCTION audit_is_only_added_to()"
        )
    op.add_column("created_groups", sa.Column("made", sa.Boolean, nullable=False, server_default=sa.false()))
    op.create_index("created_groups_unsettled", "created_groups", ["made", "created_at"])
