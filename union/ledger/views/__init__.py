"""Pages of the books and the strike fund."""

from union.ledger.views import fund, statement
from union.ledger.views.fund import blueprint

__all__ = ["blueprint", "fund", "statement"]
