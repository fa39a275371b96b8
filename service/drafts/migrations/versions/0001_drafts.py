"""Drafts, their history, the claims of posting runs and the pauses of accounts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "drafts",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("key", sa.String(64), nullable=False, unique=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("original_text", sa.Text(), nullable=False),
        sa.Column("model", sa.String(200)),
        sa.Column("seed", sa.BigInteger()),
        sa.Column("index", sa.Integer(), nullable=False),
        sa.Column("prompt", sa.Text()),
        sa.Column("source", sa.Text()),
        sa.Column("article_title", sa.Text()),
        sa.Column("article_text", sa.Text()),
        sa.Column("flags", sa.JSON(), nullable=False),
        sa.Column("overlap", sa.JSON()),
        sa.Column("account", sa.String(100)),
        sa.Column("scheduled_at", _MOMENT),
        sa.Column("tweet_id", sa.String(32)),
        sa.Column("error", sa.Text()),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("updated_at", _MOMENT, nullable=False),
    )
    op.create_index("ix_drafts_state", "drafts", ["state"])
    op.create_index("ix_drafts_model", "drafts", ["model"])
    op.create_index("ix_drafts_due", "drafts", ["account", "state", "scheduled_at"])
    op.create_table(
        "draft_history",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("draft_id", _ID, sa.ForeignKey("drafts.id"), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("actor", sa.String(100), nullable=False),
        sa.Column("action", sa.String(16), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("account", sa.String(100)),
        sa.Column("scheduled_at", _MOMENT),
        sa.Column("note", sa.Text()),
    )
    op.create_index("ix_draft_history_draft_id", "draft_history", ["draft_id"])
    op.create_table(
        "post_claims",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("draft_id", _ID, sa.ForeignKey("drafts.id"), nullable=False),
        sa.Column("account", sa.String(100), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("since_id", sa.String(32)),
        sa.Column("claimed_at", _MOMENT, nullable=False),
        sa.Column("recheck_at", _MOMENT, nullable=False),
        sa.Column("outcome", sa.String(16)),
        sa.Column("tweet_id", sa.String(32), unique=True),
        sa.Column("ended_at", _MOMENT),
    )
    for name, column in (
        ("uq_open_claim_draft", "draft_id"),
        ("uq_open_claim_account", "account"),
    ):
        still_open = sa.text("outcome IS NULL")
        op.create_index(
            name,
            "post_claims",
            [column],
            unique=True,
            sqlite_where=still_open,
            postgresql_where=still_open,
        )
    op.create_table(
        "account_pauses",
        sa.Column("account", sa.String(100), primary_key=True),
        sa.Column("until", _MOMENT, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
    )


def downgrade() -> None:
    for table in ("account_pauses", "post_claims", "draft_history", "drafts"):
        op.drop_table(table)
