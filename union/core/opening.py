"""What a process opens before it works for the union: the data key, the keys that pass, and the database."""

from union.core import db, passing, sealing
from union.core.settings import Settings


def open_database(settings: Settings, *, patience: float | None = None) -> None:
    """Install the keys and the database for this process; raises BadSettings in an unsafe production.

    patience: seconds after which a PostgreSQL that says nothing is given up, for who has somebody waiting.
    """
    settings.require_safe()
    sealing.install(settings.vault())
    passing.install(passing.KeyFolder(settings.ballot_keys))
    db.install(db.Database(db.make_engine(settings.database_url, patience=patience)))
