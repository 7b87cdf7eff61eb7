"""Platforms for tests, made through the model."""

from union.platforms.models import Platform
from union.platforms.rules import folded, initial


def make_platform(session, slug="rijder", **facts):
    """Put one platform in the directory and return its slug; one that is there already stays as it is."""
    if session.get(Platform, slug) is None:
        name = facts.pop("name", slug.replace("-", " ").title())
        facts = {"kind": "gig", "own": True, "record": None, **facts}
        session.add(
            Platform(slug=slug, name=name, initial=initial(name), words=folded(f"{name} {slug}"), **facts)
        )
        session.flush()
    return slug
