"""The pages of the ballots: one module per audience, all on one blueprint."""

from union.ballots.views import again, booth, drafting, observers, offline, polls, public, running, trustees
from union.ballots.views.kit import blueprint

__all__ = [
    "again",
    "blueprint",
    "booth",
    "drafting",
    "observers",
    "offline",
    "polls",
    "public",
    "running",
    "trustees",
]
