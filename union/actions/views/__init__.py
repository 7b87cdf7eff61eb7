"""Pages of actions.

The member's, the organizer's console, the plan, the debrief, and the campaign's live panel.
"""

from union.actions.views import console, debrief, member, paper, plan, votes
from union.actions.views.common import blueprint
from union.actions.views.panel import panel

__all__ = ["blueprint", "console", "debrief", "member", "panel", "paper", "plan", "votes"]
