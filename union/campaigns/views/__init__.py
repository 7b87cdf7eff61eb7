"""Pages of campaigns: the public ones, pledging, demands, and what organizers do."""

from union.campaigns.views import demands, organize, pledging, public, vote
from union.campaigns.views.common import PANELS, TEACHERS, blueprint

__all__ = ["PANELS", "TEACHERS", "blueprint", "demands", "organize", "pledging", "public", "vote"]
