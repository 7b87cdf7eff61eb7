"""What past actions teach, in words: the share to count on and what it rests on."""

from union.actions import queries
from union.actions.rules.planning import Basis, Factor
from union.campaigns.views.common import Taught
from union.core.db import reading
from union.web.i18n import gettext, ngettext, number


def words(factor: Factor) -> str:
    """Return a share with its basis in the language of the request."""
    if factor.basis is Basis.USUAL:
        return gettext("three quarters, the usual share; our own past actions are too few to tell")
    told = {
        "percent": number(factor.percent),
        "part": number(factor.part),
        "whole": number(factor.whole),
    }
    if factor.basis is Basis.KIND:
        return ngettext(
            "%(percent)s%%, %(part)s of %(whole)s in %(n)s past action of this kind",
            "%(percent)s%%, %(part)s of %(whole)s in %(n)s past actions of this kind",
            factor.actions,
            **told,
        )
    return ngettext(
        "%(percent)s%%, %(part)s of %(whole)s in %(n)s past action",
        "%(percent)s%%, %(part)s of %(whole)s in %(n)s past actions",
        factor.actions,
        **told,
    )


def teach() -> Taught:
    """Return how many of those who pledge take part, for a campaign's pages."""
    with reading() as session:
        kept = queries.lesson(session).kept
    return Taught(kept.share.numerator, kept.share.denominator, words(kept))
