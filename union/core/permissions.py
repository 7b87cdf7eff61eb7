"""The one permission table: permission → any of these → all of those predicates.

Default deny: what is not listed nobody may do. A role limited to a place counts for the few permissions that
`LOCAL` names, and only where the verb says at which place it acts.
"""

from collections.abc import Callable
from enum import StrEnum

from union.core.actor import Actor, Place, PlaceKind, Role
from union.core.errors import NotAllowed
from union.core.i18n import msg

Predicate = Callable[[Actor], bool]


class Permission(StrEnum):
    """What somebody may do, named room.verb."""

    ACCOUNT_OWN = "account.own"
    AUDIT_READ = "audit.read"
    ACTION_PLAN = "action.plan"
    ACTION_ARM = "action.arm"
    ACTION_CANCEL = "action.cancel"
    ACTION_CHECK_IN = "action.check_in"
    ACTION_FIRE = "action.fire"
    ACTION_READ = "action.read"
    BALLOT_CAST = "ballot.cast"
    BALLOT_PLAN = "ballot.plan"
    BALLOT_RUN = "ballot.run"
    BALLOT_TRUSTEE = "ballot.trustee"
    BARGAINING_READ = "bargaining.read"
    BARGAINING_RUN = "bargaining.run"
    BARGAINING_SIT = "bargaining.sit"
    BARGAINING_TICK = "bargaining.tick"
    CAMPAIGN_PLAN = "campaign.plan"
    CAMPAIGN_PLEDGE = "campaign.pledge"
    CAMPAIGN_SETTLE = "campaign.settle"
    CONSOLE_READ = "console.read"
    DEMAND_PROPOSE = "demand.propose"
    DEMAND_ENDORSE = "demand.endorse"
    DEMAND_DECIDE = "demand.decide"
    FUND_CLAIM = "fund.claim"
    FUND_RUN = "fund.run"
    FUND_TICK = "fund.tick"
    GRIEVANCE_FILE = "grievance.file"
    MEMBER_READ = "member.read"
    MEMBER_ADMIT = "member.admit"
    MEMBER_EXPORT = "member.export"
    MEMBER_IMPORT = "member.import"
    MEMBER_SUSPEND = "member.suspend"
    MEMBER_VOUCH = "member.vouch"
    MESSAGES_READ = "messages.read"
    MESSAGES_ROUTE = "messages.route"
    MESSAGES_SEND = "messages.send"
    MESSAGES_TRIAL = "messages.trial"
    MESSAGES_WORD = "messages.word"
    ORGANIZING_CALL = "organizing.call"
    ORGANIZING_LISTS = "organizing.lists"
    ORGANIZING_PEOPLE = "organizing.people"
    ORGANIZING_RELEASE = "organizing.release"
    ORGANIZING_TICK = "organizing.tick"
    PLATFORM_EDIT = "platform.edit"
    ROLE_GRANT = "role.grant"


def known(actor: Actor) -> bool:
    """Signed in, whatever the state of the membership."""
    return actor.known


def active(actor: Actor) -> bool:
    """An active member."""
    return actor.known and actor.active


def system(actor: Actor) -> bool:
    """The union's own clock and commands."""
    return actor.system


def has(role: Role) -> Predicate:
    """An active member with `role`."""

    def holds(actor: Actor) -> bool:
        return active(actor) and role in actor.roles

    return holds


organizer, trustee, officer = has(Role.ORGANIZER), has(Role.TRUSTEE), has(Role.OFFICER)
helper = has(Role.HELPER)

TABLE: dict[Permission, tuple[tuple[Predicate, ...], ...]] = {
    Permission.ACCOUNT_OWN: ((known,),),
    Permission.AUDIT_READ: ((officer,), (system,)),
    Permission.ACTION_PLAN: ((organizer,), (system,)),
    Permission.ACTION_ARM: ((organizer,),),
    Permission.ACTION_CANCEL: ((organizer,), (officer,), (system,)),
    Permission.ACTION_CHECK_IN: ((active,),),
    Permission.ACTION_FIRE: ((system,),),
    Permission.ACTION_READ: ((organizer,), (officer,), (system,)),
    Permission.BALLOT_CAST: ((active,),),
    Permission.BALLOT_PLAN: ((organizer,), (officer,)),
    Permission.BALLOT_RUN: ((organizer,), (officer,), (system,)),
    Permission.BALLOT_TRUSTEE: ((trustee,),),
    Permission.BARGAINING_READ: ((active,),),
    Permission.BARGAINING_RUN: ((organizer,),),
    # Who sits at a table is kept per table; the service looks there.
    Permission.BARGAINING_SIT: ((active,),),
    Permission.BARGAINING_TICK: ((system,),),
    Permission.CAMPAIGN_PLAN: ((organizer,), (system,)),
    Permission.CAMPAIGN_PLEDGE: ((active,),),
    Permission.CAMPAIGN_SETTLE: ((system,),),
    Permission.CONSOLE_READ: ((organizer,), (officer,)),
    Permission.DEMAND_PROPOSE: ((active,),),
    Permission.DEMAND_ENDORSE: ((active,),),
    Permission.DEMAND_DECIDE: ((organizer,), (system,)),
    Permission.FUND_CLAIM: ((active,),),
    Permission.FUND_RUN: ((officer,),),
    Permission.FUND_TICK: ((system,),),
    Permission.GRIEVANCE_FILE: ((active,),),
    Permission.MEMBER_READ: ((organizer,), (officer,)),
    Permission.MEMBER_ADMIT: ((organizer,), (officer,), (system,)),
    Permission.MEMBER_EXPORT: ((officer,), (system,)),
    Permission.MEMBER_IMPORT: ((officer,), (system,)),
    Permission.MEMBER_SUSPEND: ((officer,), (system,)),
    Permission.MEMBER_VOUCH: ((active,),),
    Permission.MESSAGES_READ: ((organizer,), (officer,)),
    Permission.MESSAGES_ROUTE: ((organizer,), (officer,), (system,)),
    Permission.MESSAGES_TRIAL: ((officer,), (system,)),
    Permission.MESSAGES_WORD: ((organizer,),),
    Permission.MESSAGES_SEND: ((organizer,), (system,)),
    Permission.ORGANIZING_CALL: ((organizer,), (helper,)),
    Permission.ORGANIZING_LISTS: ((organizer,), (system,)),
    Permission.ORGANIZING_PEOPLE: ((organizer,), (system,)),
    # The second person of an export: never the one who asked, the service sees to that.
    Permission.ORGANIZING_RELEASE: ((organizer,), (officer,)),
    Permission.ORGANIZING_TICK: ((system,),),
    Permission.PLATFORM_EDIT: ((organizer,), (officer,), (system,)),
    Permission.ROLE_GRANT: ((officer,), (system,)),
}

_WHERE_ACTIONS_ARE = frozenset({PlaceKind.CHAPTER, PlaceKind.CAMPAIGN})

LOCAL: dict[Permission, frozenset[PlaceKind]] = {
    Permission.ACTION_PLAN: _WHERE_ACTIONS_ARE,
    Permission.ACTION_ARM: _WHERE_ACTIONS_ARE,
    Permission.ACTION_CANCEL: _WHERE_ACTIONS_ARE,
    Permission.ACTION_READ: _WHERE_ACTIONS_ARE,
    Permission.ORGANIZING_CALL: frozenset(PlaceKind),
    Permission.ORGANIZING_LISTS: frozenset({PlaceKind.CHAPTER, PlaceKind.CAMPAIGN}),
    # Whoever runs one campaign's work sees no list of people: a campaign is no place here.
    Permission.ORGANIZING_PEOPLE: frozenset({PlaceKind.CHAPTER}),
}
"""The permissions that a role limited to a place can give there, and at which kinds of place."""


def permits(actor: Actor, permission: Permission, *at: Place) -> bool:
    """Tell whether `actor` holds `permission` in the whole union, or at one of the places `at`."""
    kinds = LOCAL.get(permission, frozenset[PlaceKind]())
    here = actor.at(place for place in at if place.kind in kinds)
    return any(all(test(here) for test in tests) for tests in TABLE.get(permission, ()))


def reaches(actor: Actor, permission: Permission) -> bool:
    """Tell whether `actor` holds `permission` anywhere: enough to come to a page, which then looks where."""
    return permits(actor, permission, *actor.places)


def allow(actor: Actor, permission: Permission, *at: Place) -> None:
    """Let pass, or raise NotAllowed: the first statement of every service verb. at: where it acts."""
    if permits(actor, permission, *at):
        return
    if not actor.known:
        raise NotAllowed(msg("Sign in first."))
    if not actor.active:
        raise NotAllowed(msg("This needs an active membership. Yours is not active yet."))
    raise NotAllowed(msg("Your role in the union does not include this."))
