"""Pages of the registry: joining, signing in, the member's account, vouching, the organizers' register."""

from union.members.views import account, importing, join, register, sign_in, vouching
from union.members.views.base import blueprint

__all__ = ["account", "blueprint", "importing", "join", "register", "sign_in", "vouching"]
