"""After a settlement: clear the copies of sealed minimums that a database keeps for itself.

Not a verb and no transaction: SQLite's write-ahead log is emptied, PostgreSQL's dead rows are vacuumed.
Whatever a backup or a block of a disk still holds is sealed with a key that is not in the database.
"""

from sqlalchemy import Engine

from union.core.db import fold_log


def scrub(engine: Engine) -> None:
    """Clear old versions of the pledge table; harmless to repeat, in case readers hold it up."""
    if engine.dialect.name == "sqlite":
        fold_log(engine)
        return
    raw = engine.raw_connection()
    try:
        driver = raw.driver_connection
        driver.autocommit = True  # type: ignore[union-attr]  # VACUUM runs outside a transaction
        try:
            cursor = raw.cursor()
            cursor.execute("VACUUM pledge")
            cursor.close()
        finally:
            driver.autocommit = False  # type: ignore[union-attr]
    finally:
        raw.close()
