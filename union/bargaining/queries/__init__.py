"""The table, its papers and the pages it watches, as pages read them: frozen values, never rows."""

from union.bargaining.queries.cards import TableCard, card, listing, without_table
from union.bargaining.queries.letters import LetterPage, letter_page, letter_templates
from union.bargaining.queries.offers import OfferPage, PointPage, offer_page, point_page
from union.bargaining.queries.papers import (
    AgreementPage,
    CaseCard,
    CasePage,
    agreement_page,
    case_page,
    cases,
    obligation_page,
)
from union.bargaining.queries.points import Point, demands_of, points
from union.bargaining.queries.standing import Overdue, Standing, overdue, standing
from union.bargaining.queries.table import TablePage, contact, meeting_page, table_page, team
from union.bargaining.queries.terms import WatchPage, watch_page

__all__ = [
    "AgreementPage",
    "CaseCard",
    "CasePage",
    "LetterPage",
    "OfferPage",
    "Overdue",
    "Point",
    "PointPage",
    "Standing",
    "TableCard",
    "TablePage",
    "WatchPage",
    "agreement_page",
    "card",
    "case_page",
    "cases",
    "contact",
    "demands_of",
    "letter_page",
    "letter_templates",
    "listing",
    "meeting_page",
    "obligation_page",
    "offer_page",
    "overdue",
    "point_page",
    "points",
    "standing",
    "table_page",
    "team",
    "watch_page",
    "without_table",
]
