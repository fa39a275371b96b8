"""The tables, as SQLAlchemy maps them. `migrations/` makes them; a test compares the two."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, DateTime, ForeignKey, Index, Integer, String, Text, text
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator


class UtcDateTime(TypeDecorator[datetime]):
    """A moment in UTC. SQLite forgets the zone, so it is given back on the way out."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _: Dialect) -> datetime | None:
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, _: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


# SQLite counts up by itself only where the key is an INTEGER.
_BigId = BigInteger().with_variant(Integer, "sqlite")


class Base(DeclarativeBase):
    pass


class DraftRow(Base):
    __tablename__ = "drafts"

    id: Mapped[int] = mapped_column(_BigId, primary_key=True)
    key: Mapped[str] = mapped_column(String(64), unique=True)
    """Digest of what makes a candidate this one; importing it again finds it here."""
    version: Mapped[int] = mapped_column()
    state: Mapped[str] = mapped_column(String(16), index=True)
    text: Mapped[str] = mapped_column(Text)
    original_text: Mapped[str] = mapped_column(Text)
    model: Mapped[str | None] = mapped_column(String(200), index=True)
    seed: Mapped[int | None] = mapped_column(BigInteger)
    index: Mapped[int]
    prompt: Mapped[str | None] = mapped_column(Text)
    source: Mapped[str | None] = mapped_column(Text)
    article_title: Mapped[str | None] = mapped_column(Text)
    article_text: Mapped[str | None] = mapped_column(Text)
    flags: Mapped[list[str]] = mapped_column(JSON)
    overlap: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    account: Mapped[str | None] = mapped_column(String(100))
    scheduled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    tweet_id: Mapped[str | None] = mapped_column(String(32))
    error: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)

    # Every UPDATE names the version it was read at; a lost update becomes StaleDataError.
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012
    __table_args__ = (Index("ix_drafts_due", "account", "state", "scheduled_at"),)


class HistoryRow(Base):
    __tablename__ = "draft_history"

    id: Mapped[int] = mapped_column(_BigId, primary_key=True)
    draft_id: Mapped[int] = mapped_column(_BigId, ForeignKey("drafts.id"), index=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    actor: Mapped[str] = mapped_column(String(100))
    action: Mapped[str] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(16))
    text: Mapped[str] = mapped_column(Text)
    account: Mapped[str | None] = mapped_column(String(100))
    scheduled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    note: Mapped[str | None] = mapped_column(Text)


_OPEN = text("outcome IS NULL")


class ClaimRow(Base):
    """One try at posting one draft. It is open (`outcome` NULL) from before the request to X until
    it is known what became of it; the two partial indexes let no second one open meanwhile, for
    the draft nor for the account."""

    __tablename__ = "post_claims"

    id: Mapped[int] = mapped_column(_BigId, primary_key=True)
    draft_id: Mapped[int] = mapped_column(_BigId, ForeignKey("drafts.id"))
    account: Mapped[str] = mapped_column(String(100))
    text: Mapped[str] = mapped_column(Text)
    since_id: Mapped[str | None] = mapped_column(String(32))
    """The newest tweet known of the account before this one."""
    claimed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    recheck_at: Mapped[datetime] = mapped_column(UtcDateTime)
    """From then on another run may find out what became of it."""
    outcome: Mapped[str | None] = mapped_column(String(16))
    """`posted`, `failed` or `released`."""
    tweet_id: Mapped[str | None] = mapped_column(String(32), unique=True)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (
        Index(
            "uq_open_claim_draft",
            "draft_id",
            unique=True,
            sqlite_where=_OPEN,
            postgresql_where=_OPEN,
        ),
        Index(
            "uq_open_claim_account",
            "account",
            unique=True,
            sqlite_where=_OPEN,
            postgresql_where=_OPEN,
        ),
    )


class PauseRow(Base):
    """X asked to leave an account alone until then."""

    __tablename__ = "account_pauses"

    account: Mapped[str] = mapped_column(String(100), primary_key=True)
    until: Mapped[datetime] = mapped_column(UtcDateTime)
    reason: Mapped[str] = mapped_column(Text)


class TokenRow(Base):
    """The OAuth 2 tokens that an account has now."""

    __tablename__ = "account_tokens"

    account: Mapped[str] = mapped_column(String(100), primary_key=True)
    origin: Mapped[str] = mapped_column(String(64))
    """Digest of the refresh token that a person got, and these come from."""
    refresh_token: Mapped[str] = mapped_column(Text)
    access_token: Mapped[str | None] = mapped_column(Text)
