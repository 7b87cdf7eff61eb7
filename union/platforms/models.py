"""Tables of the platform directory."""

from typing import Any

from sqlalchemy import JSON, Boolean, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from union.core.db import Base
from union.core.holding import PUBLIC


class Platform(Base):
    """One counterparty. Facts are our own directory's, else the imported archive's (kept whole in `record`).

    initial: the letter under which the A-Z lists it. words: what the search looks through, case-folded.
    """

    __tablename__ = "platform"

    slug: Mapped[str] = mapped_column(String(80), primary_key=True)
    name: Mapped[str] = mapped_column(String(160), info=PUBLIC)
    legal_name: Mapped[str] = mapped_column(String(160), default="", info=PUBLIC)
    kind: Mapped[str] = mapped_column(String(16), index=True)
    country: Mapped[str] = mapped_column(String(2), default="")
    web: Mapped[str] = mapped_column(String(300), default="", info=PUBLIC)
    description: Mapped[str] = mapped_column(Text, default="", info=PUBLIC)
    email: Mapped[str] = mapped_column(String(120), default="", info=PUBLIC)
    phone: Mapped[str] = mapped_column(String(40), default="", info=PUBLIC)
    postal: Mapped[str] = mapped_column(Text, default="", info=PUBLIC)
    webform: Mapped[str] = mapped_column(String(300), default="", info=PUBLIC)
    privacy_contact: Mapped[str] = mapped_column(String(300), default="", info=PUBLIC)
    source: Mapped[str] = mapped_column(Text, default="", info=PUBLIC)
    source_as_of: Mapped[str] = mapped_column(String(10), default="", info=PUBLIC)
    own: Mapped[bool] = mapped_column(Boolean, default=False)
    initial: Mapped[str] = mapped_column(String(1), index=True, info=PUBLIC)
    words: Mapped[str] = mapped_column(Text, info=PUBLIC)
    record: Mapped[dict[str, Any] | None] = mapped_column(JSON, info=PUBLIC)
