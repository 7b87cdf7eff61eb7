"""What may go wrong, by name.

Rules and services raise these; `union.web.errors` turns them into pages and the CLI into one line.
The text is a gettext message id (English), translated at the edge with its facts filled in.
"""


class UnionError(Exception):
    """A refusal the person can read: `text` is a message id, `facts` fill its %(name)s fields.

    field: the form field the refusal is about, where there is one.
    """

    status = 400

    def __init__(self, text: str, *, field: str | None = None, **facts: object) -> None:
        super().__init__(text)
        self.text = text
        self.field = field
        self.facts = facts

    def __str__(self) -> str:
        return self.text % self.facts if self.facts else self.text


class Invalid(UnionError):
    """The facts given cannot be right; say what to change."""

    status = 422


class NotAllowed(UnionError):
    """The actor may not do this."""

    status = 403


class NotFound(UnionError):
    """There is no such thing, or the actor may not know of it."""

    status = 404


class Conflict(UnionError):
    """Somebody else was first, or this was done before."""

    status = 409


class Closed(UnionError):
    """The time for this is over, or has not come yet."""

    status = 409


class TooMany(UnionError):
    """Too many tries in a short while; wait."""

    status = 429
