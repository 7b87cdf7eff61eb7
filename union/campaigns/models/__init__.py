"""Tables of campaigns, by subject. Only this room opens them."""

from union.campaigns.models.asking import (
    SEALED_AS,
    Pledge,
    StructureTest,
    StructureTestYes,
)
from union.campaigns.models.campaign import (
    Campaign,
    CampaignUpdate,
    Mandate,
    UpdateVersion,
)
from union.campaigns.models.demands import (
    Amendment,
    Demand,
    DemandEvent,
    DemandRank,
    Endorsement,
)
from union.campaigns.models.signing import (
    Follower,
    HandOver,
    Signature,
    SignedText,
)

__all__ = [
    "SEALED_AS",
    "Amendment",
    "Campaign",
    "CampaignUpdate",
    "Demand",
    "DemandEvent",
    "DemandRank",
    "Endorsement",
    "Follower",
    "HandOver",
    "Mandate",
    "Pledge",
    "Signature",
    "SignedText",
    "StructureTest",
    "StructureTestYes",
    "UpdateVersion",
]
