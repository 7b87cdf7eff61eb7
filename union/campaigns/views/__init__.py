"""Pages of campaigns: the public ones, pledging, demands, and what organizers do."""

from union.campaigns.views import demands, organize, pledging, priorities, public, vote
from union.campaigns.views.common import PANELS, blueprint

__all__ = ["PANELS", "blueprint", "demands", "organize", "pledging", "priorities", "public", "vote"]
