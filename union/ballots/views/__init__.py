"""The pages of the ballots: one module per audience, all on one blueprint."""

from union.ballots.views import (
    again,
    booth,
    counts,
    drafting,
    observers,
    offline,
    polls,
    public,
    replacing,
    report,
    running,
    shuffling,
    trustees,
    weighing,
)
from union.ballots.views.kit import blueprint

__all__ = [
    "again",
    "blueprint",
    "booth",
    "counts",
    "drafting",
    "observers",
    "offline",
    "polls",
    "public",
    "replacing",
    "report",
    "running",
    "shuffling",
    "trustees",
    "weighing",
]
