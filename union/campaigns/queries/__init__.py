"""Campaigns as pages and other rooms read them: frozen values, nobody else's private minimum."""

from union.campaigns.queries.cards import (
    CampaignCard,
    Mandate,
    called,
    card,
    card_by_id,
    listing,
    mandate_in_force,
    mandates_of,
    numbers,
    waiting_for,
)
from union.campaigns.queries.demands import (
    AmendmentView,
    DemandCard,
    DemandPage,
    Ranking,
    demand_page,
    demands,
    ranking,
)
from union.campaigns.queries.page import (
    CampaignPage,
    MyPledge,
    OrganizePage,
    TestView,
    UpdateView,
    campaign_page,
    frozen_wording,
    organize_page,
)
from union.campaigns.queries.panels import Panel
from union.campaigns.queries.priorities import Priorities, priorities

__all__ = [
    "AmendmentView",
    "CampaignCard",
    "CampaignPage",
    "DemandCard",
    "DemandPage",
    "Mandate",
    "MyPledge",
    "OrganizePage",
    "Panel",
    "Priorities",
    "Ranking",
    "TestView",
    "UpdateView",
    "called",
    "campaign_page",
    "card",
    "card_by_id",
    "demand_page",
    "demands",
    "frozen_wording",
    "listing",
    "mandate_in_force",
    "mandates_of",
    "numbers",
    "organize_page",
    "priorities",
    "ranking",
    "waiting_for",
]
