"""Where carriers report, one click unsubscribes, members choose, and organizers watch, word and answer.

No SQL here.
"""

from union.notify.views import (
    deliveries,
    desk,
    own,
    replies,
    routes,
    subscription,
    trial,
    webhooks,
    wording,
)
from union.notify.views.common import blueprint

__all__ = [
    "blueprint",
    "deliveries",
    "desk",
    "own",
    "replies",
    "routes",
    "subscription",
    "trial",
    "webhooks",
    "wording",
]
