"""The election record: what is asked, in which group, under which public key.

Pure. Spec 4.10. The fingerprint is the digest of the record's bytes, so a record is kept as it was written.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from union.ballots.crypto.canonical import compact, fields, items, read_json, sha256_base64, sha256_hex, text
from union.ballots.crypto.credentials import check_uuid
from union.ballots.crypto.failures import Check, Refused
from union.ballots.crypto.group import Group, Point, Power, group_named
from union.ballots.crypto.questions import Question, Ranked, read_question

PROTOCOL_VERSION = 1
_CHECK = Check.ELECTION_FORM


@dataclass(frozen=True)
class Election:
    """A parsed election record.

    record: the bytes as published. fingerprint: their digest, 43 characters, part of every proof.
    """

    uuid: str
    name: str
    description: str
    group: Group
    public_key: Point
    questions: tuple[Question, ...]
    record: bytes
    fingerprint: str

    @property
    def y(self) -> Power:
        """The public key, prepared for many powers."""
        return self.group.fixed(self.public_key)

    @property
    def record_hash(self) -> str:
        """The digest that names the record in the archive."""
        return sha256_hex(self.record)

    @property
    def ranked(self) -> tuple[int, ...]:
        """Indices of the ranked questions, whose ciphertexts are shuffled."""
        return tuple(i for i, question in enumerate(self.questions) if isinstance(question, Ranked))

    @classmethod
    def make(
        cls,
        *,
        uuid: str,
        name: str,
        description: str,
        group: Group,
        public_key: Point,
        questions: Sequence[Question],
        administrator: str | None = None,
        credential_authority: str | None = None,
    ) -> Self:
        """Write a new record, fields in the order of the spec. Raises Refused(ELECTION_FORM)."""
        record: dict[str, Any] = {
            "version": PROTOCOL_VERSION,
            "description": description,
            "name": name,
            "group": group.name,
            "public_key": str(public_key),
            "questions": [question.json() for question in questions],
            "uuid": uuid,
        }
        if administrator is not None:
            record["administrator"] = administrator
        if credential_authority is not None:
            record["credential_authority"] = credential_authority
        return cls.read(compact(record))

    @classmethod
    def read(cls, record: bytes) -> Self:
        """Parse a record. Raises Refused(ELECTION_FORM, GROUP_KNOWN, POINT_FORM or POINT_SUBGROUP)."""
        required = ("version", "description", "name", "group", "public_key", "questions", "uuid")
        parts = fields(read_json(record, _CHECK), required, _CHECK, exact=False)
        if parts["version"] != PROTOCOL_VERSION or isinstance(parts["version"], bool):
            raise Refused(_CHECK, f"only protocol version {PROTOCOL_VERSION} is known here")
        group = group_named(parts["group"])
        public_key = group.point(parts["public_key"])
        if public_key == group.one:
            raise Refused(Check.ELECTION_KEY, "the identity encrypts nothing")
        questions = tuple(read_question(question) for question in items(parts["questions"], _CHECK))
        if not questions:
            raise Refused(_CHECK, "an election asks something")
        for question in questions:
            if isinstance(question, Ranked) and len(question.answers) > group.longest_ranking:
                raise Refused(
                    _CHECK, f"{group.name} carries rankings of {group.longest_ranking} answers at most"
                )
        return cls(
            uuid=check_uuid(parts["uuid"], _CHECK),
            name=text(parts["name"], _CHECK),
            description=text(parts["description"], _CHECK),
            group=group,
            public_key=public_key,
            questions=questions,
            record=record,
            fingerprint=sha256_base64(record),
        )
