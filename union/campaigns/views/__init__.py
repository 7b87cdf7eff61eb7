"""Pages of campaigns: the public ones, pledging, demands, and what organizers do."""

from union.campaigns.views import (
    demands,
    handing,
    news,
    organize,
    pledging,
    printing,
    priorities,
    public,
    signing,
    vote,
)
from union.campaigns.views.common import PANELS, TEACHERS, TURNOUT, blueprint

__all__ = [
    "PANELS",
    "TEACHERS",
    "TURNOUT",
    "blueprint",
    "demands",
    "handing",
    "news",
    "organize",
    "pledging",
    "printing",
    "priorities",
    "public",
    "signing",
    "vote",
]
