"""What the demo union campaigns for. Companies are real, campaigns, people and numbers are invented."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Story:
    """One campaign and how far it is. share: part of the platform's members that pledged."""

    platform: str
    stage: str
    title: str
    demand: str
    summary: str
    pledge: str
    reasons: str = ""
    days_ago: int = 30
    round_days: int = 14
    share: float = 0.7
    threshold: int = 12
    goal: int = 0
    end: str = ""


CAMPAIGNS = (
    Story(
        "uber", "acting", "Pay for waiting time",
        "Uber pays every minute between accepting a trip and starting it, at the rate of driving.",
        "We wait at stations and doors for free while the meter of the platform keeps learning from us.",
        "At the hour we agree on I log off the app and stay off until the end.",
        reasons="Of every hour online we drive thirty-eight minutes. The other twenty-two are the platform's stock of "
        "waiting drivers, and nobody pays for a stock that costs nothing.",
        days_ago=40, round_days=21, share=0.8, threshold=15,
    ),
    Story(
        "bolt", "ballot", "Explain every deactivation",
        "Bolt gives each driver the reasons, the data behind them and a person to appeal to, before an account is closed.",
        "An account that closes overnight takes a car loan, a rating and a living with it.",
        "If the vote passes I stop sharing my trips through Bolt for two days.",
        reasons="Eleven of us lost an account this year. Nobody was told why; three got it back after a letter from a "
        "lawyer. A decision nobody can explain is a decision nobody should have to accept.",
        days_ago=35, round_days=21, share=0.75, threshold=12,
    ),
    Story(
        "instagram", "gathering", "Our photos are not training data",
        "Instagram asks before it trains models on our photos, and pays when we say yes.",
        "Every picture we post trains a model that is sold back to us. Nobody asked.",
        "On the agreed day I object to the use of my data, set my account to private and post nothing for a week.",
        reasons="Objecting alone changes nothing: one account is noise. The same hour from all of us is a hole in their data.",
        days_ago=9, round_days=14, share=0.55, threshold=25,
    ),
    Story(
        "thuisbezorgd", "tipped", "A floor under the delivery fee",
        "No delivery pays less than the minimum wage for the minutes it takes.",
        "The fee for a delivery changes while we ride. We want a floor that does not.",
        "On the evening we agree on I take no deliveries between 17:00 and 21:00.",
        days_ago=25, round_days=20, share=1.0, threshold=4,
    ),
    Story(
        "etsy", "bargaining", "Fees a shop can live on",
        "Fees are announced half a year ahead and never rise faster than prices do.",
        "Makers set up shop under one fee and pay another.",
        "For a week I put my shop on holiday mode together with everyone who pledged.",
        days_ago=60, round_days=21, share=1.0, threshold=6,
    ),
    Story(
        "bol", "won", "Seller data belongs to sellers",
        "Sellers can take their sales history and reviews with them, in a form another shop can read.",
        "Years of reviews stay behind when a seller leaves. They are ours.",
        "I ask for a copy of my data in the same week as everyone else.",
        days_ago=62, round_days=14, share=1.0, threshold=3,
        end="From January sellers can download orders, reviews and search terms. We check it with ten shops in the first week.",
    ),
    Story(
        "youtube", "draft", "Payouts creators can check",
        "Every payout comes with the views, the ads and the share it was computed from.",
        "A number arrives each month. Nobody can say what it was computed from.",
        "I leave my new videos unpublished for three days.",
        days_ago=3, round_days=30,
    ),
)  # fmt: skip

DEMANDS = {
    "uber": (
        (
            "Waiting paid as driving",
            "From accepting a trip until its start, at the rate per minute of driving.",
        ),
        ("No penalty for saying no", "Declining a trip has no effect on the trips offered next."),
        (
            "Our data, in a form we can use",
            "Trips, offers and ratings as a file, within a month, every month.",
        ),
    ),
    "bolt": (
        (
            "Reasons before, not after",
            "A deactivation is announced with its reasons and its data seven days ahead.",
        ),
        ("A person to appeal to", "Somebody with a name decides on the appeal and can reverse it."),
    ),
    "instagram": (
        ("Ask first", "Training on our pictures only after a clear yes, as easy to withdraw as to give."),
        ("Pay per use", "A fixed price for a thousand pictures, paid each quarter through the union."),
    ),
    "etsy": (("Half a year's notice", "No fee rises sooner than six months after it was announced."),),
    "bol": (("Portable reviews", "Reviews can be taken along, with their dates and stars."),),
}

# Stage of the campaign → the steps its demands have taken.
DEMANDS_STAND = {
    "bargaining": ("adopted", "negotiation"),
    "won": ("adopted", "negotiation"),
}

UPDATES = {
    "uber": (
        (
            "We handed over our demands",
            "By registered letter and at the counter, with forty drivers present.",
            20,
        ),
        ("No answer", "The two weeks we gave have passed without a word.", 6),
    ),
    "etsy": (
        ("First round of talks", "They bring figures about fees in other countries; we bring ours.", 4),
    ),
    "bolt": (
        ("A meeting in Utrecht", "Thirty drivers told their stories; the notes are with the organizers.", 12),
    ),
}

SCRIPT = """Hello, this is … from the union, I drive here too. Do you have two minutes?
What bothers you most at work right now? (Listen. Do not argue.)
On Friday at eight we meet and decide what we ask the company. Do you come?
If yes: who could you bring along? If not: when may I call again?"""

NOTES = (
    "Waits an hour for a ride at the airport, would speak about it.",
    "Afraid for the account; wants to know how we keep names safe.",
    "Three colleagues at the same garage think alike.",
    "Has no time before the summer.",
)
