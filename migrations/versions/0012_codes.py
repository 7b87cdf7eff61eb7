"""hold less: what mail servers said is cut down to its codes, for they repeat addresses"""

import re

import sqlalchemy as sa
from alembic import op

revision = "0012_codes"
down_revision = "0011_safe"
branch_labels = None
depends_on = None

KEYS = {"outbox": ("error_code", ["id"]), "bad_address": ("code", ["address_hash", "channel"])}
ENHANCED = re.compile(r"\b[245]\.\d{1,3}\.\d{1,3}\b")  # RFC 3463
SHORTEST = len("smtp 550")


def cut(code):
    reply, said = code[:SHORTEST].strip(), code[SHORTEST:]
    if not re.fullmatch(r"smtp \d{3}", reply):
        return "smtp"
    status = ENHANCED.search(said)
    return f"{reply} {status[0]}" if status else reply


def upgrade() -> None:
    connection = op.get_bind()
    for name, (column, key) in KEYS.items():
        table = sa.table(name, sa.column(column), *map(sa.column, key))
        found = connection.execute(
            sa.select(*(table.c[part] for part in key), table.c[column].label("said")).where(
                table.c[column].like("smtp %"), sa.func.length(table.c[column]) > SHORTEST
            )
        ).mappings().all()
        changed = [
            {**{f"key_{part}": row[part] for part in key}, "code": cut(row["said"])}
            for row in found
            if cut(row["said"]) != row["said"]
        ]
        if changed:
            this = sa.and_(*(table.c[part] == sa.bindparam(f"key_{part}") for part in key))
            connection.execute(sa.update(table).where(this).values({column: sa.bindparam("code")}), changed)


def downgrade() -> None:
    pass  # nobody has the words any more
