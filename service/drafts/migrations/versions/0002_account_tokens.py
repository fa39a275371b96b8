"""The OAuth 2 tokens of accounts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "account_tokens",
        sa.Column("account", sa.String(100), primary_key=True),
        sa.Column("origin", sa.String(64), nullable=False),
        sa.Column("refresh_token", sa.Text(), nullable=False),
        sa.Column("access_token", sa.Text()),
    )


def downgrade() -> None:
    op.drop_table("account_tokens")
