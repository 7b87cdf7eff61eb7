"""The books and the strike fund as pages read them: frozen values, never rows."""

from union.ledger.queries.books import (
    AccountLine,
    Books,
    EntryLine,
    Overview,
    books,
    journal,
    overview,
)
from union.ledger.queries.funds import (
    BatchPage,
    ClaimPage,
    FundCard,
    FundPage,
    RunPage,
    batch_page,
    claim_page,
    draft_of,
    fund_page,
    listing,
    run_page,
)

__all__ = [
    "AccountLine",
    "BatchPage",
    "Books",
    "ClaimPage",
    "EntryLine",
    "FundCard",
    "FundPage",
    "Overview",
    "RunPage",
    "batch_page",
    "books",
    "claim_page",
    "draft_of",
    "fund_page",
    "journal",
    "listing",
    "overview",
    "run_page",
]
