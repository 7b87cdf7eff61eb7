"""The pages of the table: one module per subject, all on one blueprint."""

from union.bargaining.views import agreements, grievances, letters, offers, table, terms
from union.bargaining.views.kit import blueprint

__all__ = ["agreements", "blueprint", "grievances", "letters", "offers", "table", "terms"]
