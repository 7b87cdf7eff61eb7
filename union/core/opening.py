"""What a process opens before it works for the union: the vault with the data key, and the database."""

from union.core import db, sealing
from union.core.settings import Settings


def open_database(settings: Settings) -> None:
    """Install the data key and the database for this process; raises BadSettings in an unsafe production."""
    settings.require_safe()
    sealing.install(settings.vault())
    db.install(db.Database(db.make_engine(settings.database_url)))
