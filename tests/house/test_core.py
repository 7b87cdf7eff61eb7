"""The bedrock does what the floors above rely on."""

import hashlib
import hmac
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from union.audit import service as audit
from union.audit.models import AuditEntry
from union.core import db, i18n, keyring, sealing, zones
from union.core.actor import SYSTEM, VISITOR, Actor, Role
from union.core.errors import Invalid, NotAllowed
from union.core.permissions import TABLE, Permission, allow, permits
from union.core.settings import BadSettings, Settings

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


class TestZones:
    def test_an_ordinary_time(self):
        assert zones.instant(datetime(2026, 11, 23, 9), "Europe/Amsterdam") == datetime(
            2026, 11, 23, 8, tzinfo=UTC
        )

    @pytest.mark.parametrize(
        ("wall", "zone", "candidates"),
        [
            (datetime(2026, 3, 29, 2, 30), "Europe/Amsterdam", ("2026-03-29T00:30", "2026-03-29T01:30")),
            (datetime(2026, 10, 25, 2, 30), "Europe/Amsterdam", ("2026-10-25T00:30", "2026-10-25T01:30")),
            (datetime(2026, 11, 1, 1, 30), "America/New_York", ("2026-11-01T05:30", "2026-11-01T06:30")),
            (datetime(2026, 10, 4, 2, 15), "Australia/Lord_Howe", ("2026-10-03T15:15", "2026-10-03T15:45")),
        ],
    )
    def test_skipped_and_repeated_times_name_both_candidates(self, wall, zone, candidates):
        with pytest.raises(zones.NoSuchLocalTime) as refused:
            zones.instant(wall, zone)
        assert tuple(c.strftime("%Y-%m-%dT%H:%M") for c in refused.value.candidates) == candidates

    def test_skipped_says_so_and_repeated_says_so(self):
        with pytest.raises(zones.NoSuchLocalTime, match="does not exist"):
            zones.instant(datetime(2026, 3, 29, 2, 30), "Europe/Amsterdam")
        with pytest.raises(zones.NoSuchLocalTime, match="happens twice"):
            zones.instant(datetime(2026, 10, 25, 2, 30), "Europe/Amsterdam")

    def test_an_unknown_zone_is_refused(self):
        with pytest.raises(Invalid, match="Mars/Base"):
            zones.instant(datetime(2026, 3, 29, 2, 30), "Mars/Base")

    @given(
        st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1)),
        st.sampled_from(
            [
                "Europe/Amsterdam",
                "America/New_York",
                "Australia/Lord_Howe",
                "Asia/Kathmandu",
                "Pacific/Chatham",
                "Africa/Casablanca",
            ]
        ),
    )
    def test_what_is_given_comes_back_in_its_zone(self, wall, zone):
        from zoneinfo import ZoneInfo

        try:
            there = zones.instant(wall, zone)
        except zones.NoSuchLocalTime as refused:
            assert refused.candidates[0] < refused.candidates[1]
        else:
            assert there.astimezone(ZoneInfo(zone)).replace(tzinfo=None) == wall


class TestSealing:
    def test_what_is_sealed_opens_and_differs_each_time(self):
        vault = sealing.Vault(bytes(range(32)))
        one, two = vault.seal("+31612345678", "member.phone"), vault.seal("+31612345678", "member.phone")
        assert one != two
        assert vault.open(one, "member.phone") == "+31612345678"
        assert b"31612345678" not in one

    def test_another_key_or_column_or_a_flipped_bit_does_not_open(self):
        vault = sealing.Vault(bytes(range(32)))
        sealed = vault.seal("secret", "member.phone")
        bent = bytes([*sealed[:-1], sealed[-1] ^ 1])
        for wrong, purpose, value in [
            (sealing.Vault(bytes(32)), "member.phone", sealed),
            (vault, "member.email", sealed),
            (vault, "member.phone", bent),
        ]:
            with pytest.raises(sealing.CannotOpen):
                wrong.open(value, purpose)

    def test_look_up_needs_the_key(self):
        assert sealing.Vault(bytes(32)).lookup("a", "p") != sealing.Vault(bytes(range(32))).lookup("a", "p")
        assert sealing.Vault(bytes(32)).lookup("a", "p") == sealing.Vault(bytes(32)).lookup("a", "p")

    @settings(deadline=None)
    @given(st.binary(min_size=32, max_size=32), st.text(), st.text())
    def test_look_up_is_hmac_sha_256(self, key, value, purpose):
        value, purpose = (one.encode("utf-8", "ignore").decode() for one in (value, purpose))
        told = f"{purpose}\0{value}".encode()
        plain = hmac.digest(keyring.derive(key, b"union/lookup"), told, hashlib.sha256)
        assert sealing.Vault(key).lookup(value, purpose) == plain

    def test_a_key_file_is_its_owners_alone(self, tmp_path):
        path = tmp_path / "data.key"
        key = keyring.make_key(path)
        assert path.stat().st_mode & 0o077 == 0
        assert keyring.make_key(path) == key

    def test_whoever_makes_a_key_at_the_same_moment_gets_the_same(self, tmp_path):
        for n in range(20):
            path, together = tmp_path / f"{n}.key", threading.Barrier(8)

            def make(path=path, together=together):
                together.wait()
                return keyring.make_key(path)

            with ThreadPoolExecutor(8) as pool:
                keys = [one.result() for one in [pool.submit(make) for _ in range(8)]]
            assert set(keys) == {keyring.read_key(path)}
            assert len(list(tmp_path.iterdir())) == n + 1


class TestPermissions:
    def test_every_permission_is_in_the_table(self):
        assert set(TABLE) == set(Permission)

    def test_a_visitor_may_nothing(self):
        assert not any(permits(VISITOR, p) for p in Permission)

    def test_a_role_counts_only_while_active(self):
        suspended = Actor(member_id="a", roles=frozenset({Role.OFFICER}), active=False)
        assert not permits(suspended, Permission.ROLE_GRANT)
        with pytest.raises(NotAllowed, match="not active"):
            allow(suspended, Permission.ROLE_GRANT)

    def test_the_clock_cannot_arm(self):
        assert not permits(SYSTEM, Permission.ACTION_ARM)


class TestDatabase:
    def test_an_instant_survives(self, session):
        session.add(AuditEntry(height=1, at=NOW, act="a", subject="b", facts={}, parent="", hash="x"))
        session.flush()
        session.expire_all()
        assert session.get(AuditEntry, 1).at == NOW
        assert (
            session.execute(text("SELECT at FROM audit_entry")).scalar() == int(NOW.timestamp()) * 1_000_000
        )

    def test_a_naive_time_is_refused(self):
        with pytest.raises(ValueError, match="time zone"):
            db.to_microseconds(datetime(2026, 1, 1))

    def test_an_error_names_no_values(self, session):
        with pytest.raises(SQLAlchemyError) as broken:
            session.execute(text("INSERT INTO nowhere VALUES (:secret)"), {"secret": "+31612345678"})
        assert "31612345678" not in str(broken.value)

    def test_an_error_leaves_nothing(self, database):
        with pytest.raises(RuntimeError), db.transaction() as session:
            audit.record(session, actor=SYSTEM, now=NOW, act="test.act", subject="x")
            raise RuntimeError
        with db.reading() as session:
            assert session.query(AuditEntry).count() == 0


class TestAudit:
    def fill(self):
        for n in range(5):
            with db.transaction() as session:
                audit.record(
                    session,
                    actor=SYSTEM,
                    now=NOW + timedelta(seconds=n),
                    act="test.act",
                    subject=f"s/{n}",
                    n=n,
                )

    def test_a_whole_chain_holds(self, database):
        self.fill()
        with db.reading() as session:
            assert audit.verify(session) == 5

    @pytest.mark.parametrize(
        ("fault", "message"),
        [
            ("UPDATE audit_entry SET subject='other' WHERE height=3", "entry 3 was altered"),
            ("UPDATE audit_entry SET at=at+1 WHERE height=5", "entry 5 was altered"),
            ("DELETE FROM audit_entry WHERE height=2", "entry 2 is missing"),
            ("DELETE FROM audit_entry WHERE height=5", "newer entries were taken out"),
        ],
    )
    def test_a_planted_fault_is_named(self, database, fault, message):
        self.fill()
        with db.transaction() as session:
            session.execute(text(fault))
        with db.reading() as session, pytest.raises(audit.Broken, match=message):
            audit.verify(session)


class TestSettings:
    def production(self, tmp_path, **more):
        return Settings.from_environment(
            {"UNION_HOME": str(tmp_path), "UNION_PUBLIC_URL": "https://union.example", **more}
        )

    def test_production_names_every_missing_secret(self, tmp_path):
        with pytest.raises(BadSettings) as bad:
            self.production(
                tmp_path, UNION_TWILIO_ACCOUNT_SID="AC1", UNION_PUBLIC_URL="http://x"
            ).require_safe()
        said = " ".join(bad.value.problems)
        for name in (
            "UNION_SECRET_KEY_FILE",
            "UNION_DATA_KEY_FILE",
            "UNION_TWILIO_AUTH_TOKEN",
            "UNION_PUBLIC_URL",
        ):
            assert name in said

    def test_production_refuses_a_default_key(self, tmp_path):
        (tmp_path / "secret.key").write_text("00" * 32)
        (tmp_path / "secret.key").chmod(0o600)
        keyring.make_key(tmp_path / "data.key")
        assert [p for p in self.production(tmp_path).problems() if "SECRET" in p]

    def test_production_starts_on_good_keys(self, tmp_path):
        for name in ("secret.key", "data.key"):
            keyring.make_key(tmp_path / name)
        assert self.production(tmp_path).problems() == []

    def test_secrets_are_masked(self, tmp_path):
        found = self.production(
            tmp_path,
            UNION_TWILIO_AUTH_TOKEN="tok3n",
            UNION_SMTP_URL="smtp://me:pa55@mail:25",
            UNION_DATABASE_URL="postgresql://u:pa55@db/union",
            UNION_BROKER_URL="amqps://u:pa55@queue/union",
        )
        shown = " ".join(v for _, v in found.masked())
        assert "tok3n" not in shown
        assert "pa55" not in shown
        assert "mail:25" in shown
        assert "u:••••••••@queue" in shown

    def test_workers_need_a_database_they_can_share(self, tmp_path):
        found = self.production(tmp_path, UNION_BROKER_URL="amqp://queue//")
        assert [problem for problem in found.problems() if "UNION_BROKER_URL" in problem]
        shared = replace(found, database_url="postgresql://db/union")
        assert not [problem for problem in shared.problems() if "UNION_BROKER_URL" in problem]

    @pytest.mark.parametrize("rate", ["fast", "-1", "inf", "nan"])
    def test_a_pace_is_a_number(self, rate):
        with pytest.raises(BadSettings, match="UNION_SMS_PER_SECOND"):
            Settings.from_environment({"UNION_SMS_PER_SECOND": rate})
        assert Settings.from_environment({"UNION_SMS_PER_SECOND": "2.5"}).sms_per_second == 2.5


class TestWords:
    def test_dates_carry_their_zone(self):
        at = datetime(2026, 12, 1, 17, 0, tzinfo=UTC)
        assert i18n.when(at, "Europe/Berlin", "en") == "Tue 1 Dec 2026 18:00, Berlin time"
        assert "Berlijn" in i18n.when(at, "Europe/Berlin", "nl")

    def test_numbers_group_by_language(self):
        assert i18n.number(3412, "en") == "3,412"
        assert i18n.number(3412, "nl") == "3.412"

    def test_a_length_of_time_is_said_one_way(self):
        said = {minutes: i18n.span(minutes, "en") for minutes in (1, 45, 60, 90, 24 * 60, 36 * 60, 48 * 60)}
        assert list(said.values()) == [
            "1 minute", "45 minutes", "1 hour", "90 minutes", "24 hours", "36 hours", "2 days",
        ]  # fmt: skip
        assert i18n.span(24 * 60, "nl") == "24 uur"
        assert i18n.span(6 * 24 * 60, "nl") == "6 dagen"
