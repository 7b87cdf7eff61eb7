"""What a platform may do to those who acted, and how long we look out for it.

Pure names. Reports are counted by sort only; what to keep as evidence stays with the member.
"""

from datetime import timedelta

from union.core.i18n import msg

WATCH = timedelta(days=30)

SORTS: dict[str, str] = {
    "deactivated": msg("Account blocked or deactivated"),
    "less_work": msg("Fewer jobs, rides or views than before"),
    "less_pay": msg("Lower pay or a bonus taken away"),
    "rating": msg("Rating or ranking lowered"),
    "threat": msg("A threat or a warning"),
    "other": msg("Something else"),
}

EVIDENCE: tuple[str, ...] = (
    msg("Take a screenshot with date and time visible."),
    msg("Save every message and email from the platform; do not only forward it."),
    msg("Write down what changed, since when, and what it was like before."),
    msg("Ask for a copy of your data: it shows decisions made about you."),
)
