"""What messages are about, in words.

A ref names a kind and a key; titles live in the rooms above, so whoever composes the rooms tells how to find
them.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy.orm import Session

from union.core.i18n import msg

KINDS: Mapping[str, str] = {
    "action": msg("Action"),
    "agreement": msg("Agreement"),
    "ballot": msg("Ballot"),
    "campaign": msg("Campaign"),
    "challenge": msg("Sign-in and confirmation codes"),
    "grievance": msg("Grievance"),
    "invite": msg("Invitations"),
    "letter": msg("Letter to a company"),
    "member": msg("A member's own account"),
    "news": msg("News of a campaign"),
    "organizing": msg("Texts to a list"),
    "paid": msg("Payment from the strike fund"),
    "payout": msg("Payment from the strike fund"),
    "reminder": msg("Reminder at the table"),
    "reply": msg("Answers to replies"),
    "task": msg("Task"),
    "terms": msg("A company's changed terms"),
    "test": msg("Test message"),
}
OTHER = msg("Other messages")
PERSONAL = frozenset({"challenge", "member", "paid", "reminder", "reply", "task"})
"""Kinds of which every message is about one person alone: a list shows each kind as one line."""
TESTS = "test"
"""A kind of which each signer has messages of their own: a list shows one line for what they signed."""
TITLES: dict[str, Callable[[Session, Collection[str]], Mapping[str, str]]] = {}
"""By kind: given keys, returns key → title."""

_PARTS = re.compile(r"[:/]")


@dataclass(frozen=True, slots=True)
class Subject:
    """What a ref stands for. kind: a message id; title: what it is called, "" where nobody knows."""

    kind: str
    title: str = ""


def folded(ref: str) -> str:
    """Return what stands for `ref` in a list: itself, or what it shares with others of one line."""
    kind, *rest = _PARTS.split(ref)
    if kind == TESTS and rest:
        return f"{kind}:{rest[0]}"
    return kind if kind in PERSONAL else ref


def subjects(session: Session, refs: Iterable[str]) -> dict[str, Subject]:
    """Return ref → what it is about."""
    parts = {ref: [*_PARTS.split(ref), ""][:2] for ref in refs}
    keys: dict[str, set[str]] = defaultdict(set)
    for kind, key in parts.values():
        keys[kind].add(key)
    titles = {kind: TITLES[kind](session, keys[kind]) for kind in keys if kind in TITLES}
    return {
        ref: Subject(KINDS.get(kind, OTHER), titles.get(kind, {}).get(key, ""))
        for ref, (kind, key) in parts.items()
    }
