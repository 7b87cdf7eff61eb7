"""The one place that reads the environment.

Production refuses to start on missing or default secrets and says which; development makes its own
under UNION_HOME.
"""

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from decimal import Decimal, InvalidOperation
from pathlib import Path
from urllib.parse import urlsplit

from union.core.keyring import BadKeys, make_key, read_key, read_ring
from union.core.sealing import Vault

SECRET_FIELDS = frozenset(
    {"twilio_auth_token", "sinch_api_token", "sinch_webhook_secret", "smtp_url", "database_url", "broker_url"}
)
PUSH_HOSTS = "fcm.googleapis.com updates.push.services.mozilla.com .push.apple.com .notify.windows.com"
"""Where browsers' push services are; a leading dot takes every host below."""


PRIVATE = 0o700
PROVIDERS = {
    "Twilio": ("twilio_account_sid", "twilio_auth_token", "twilio_messaging_service_sid"),
    "Sinch": ("sinch_service_plan_id", "sinch_api_token", "sinch_sender", "sinch_webhook_secret"),
}
"""What belongs together: a provider is complete or absent."""


class BadSettings(Exception):
    """Settings are missing or unsafe; `problems` says which and what to do."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


@dataclass(frozen=True)
class Settings:
    """Everything the environment decides. `inherited` is what child processes get to see."""

    home: Path
    environment: str
    public_url: str
    database_url: str
    secret_key_file: Path
    data_key_file: Path
    ballot_keys: Path
    union_name: str
    smtp_url: str
    mail_from: str
    twilio_account_sid: str
    twilio_auth_token: str
    twilio_messaging_service_sid: str
    twilio_api_url: str
    broker_url: str
    sms_per_second: float
    sinch_service_plan_id: str
    sinch_api_token: str
    sinch_sender: str
    sinch_webhook_secret: str
    sinch_api_url: str
    sms_price: str
    mail_return: str
    push_key_file: Path
    push_hosts: str
    inherited: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> "Settings":
        """Read UNION_* variables, with the embedded defaults under UNION_HOME."""
        env = os.environ if environment is None else environment
        home = Path(env.get("UNION_HOME") or "var/union").resolve()

        def get(name: str, default: str = "") -> str:
            return env.get(f"UNION_{name}") or default

        return cls(
            home=home,
            environment=get("ENV", "production"),
            public_url=get("PUBLIC_URL", "http://127.0.0.1:8000").rstrip("/"),
            database_url=get("DATABASE_URL", f"sqlite:///{home / 'union.db'}"),
            secret_key_file=Path(get("SECRET_KEY_FILE", str(home / "secret.key"))),
            data_key_file=Path(get("DATA_KEY_FILE", str(home / "data.key"))),
            ballot_keys=Path(get("BALLOT_KEYS", str(home / "ballot-keys"))),
            union_name=get("NAME", "Union"),
            smtp_url=get("SMTP_URL"),
            mail_from=get("MAIL_FROM", "union@localhost"),
            twilio_account_sid=get("TWILIO_ACCOUNT_SID"),
            twilio_auth_token=get("TWILIO_AUTH_TOKEN"),
            twilio_messaging_service_sid=get("TWILIO_MESSAGING_SERVICE_SID"),
            twilio_api_url=get("TWILIO_API_URL", "https://api.twilio.com"),
            broker_url=get("BROKER_URL"),
            sms_per_second=_rate("UNION_SMS_PER_SECOND", get("SMS_PER_SECOND", "0")),
            sinch_service_plan_id=get("SINCH_SERVICE_PLAN_ID"),
            sinch_api_token=get("SINCH_API_TOKEN"),
            sinch_sender=get("SINCH_SENDER"),
            sinch_webhook_secret=get("SINCH_WEBHOOK_SECRET"),
            sinch_api_url=get("SINCH_API_URL", "https://eu.sms.api.sinch.com"),
            sms_price=get("SMS_PRICE"),
            mail_return=get("MAIL_RETURN"),
            push_key_file=Path(get("PUSH_KEY_FILE", str(home / "push.key"))),
            push_hosts=get("PUSH_HOSTS", PUSH_HOSTS),
            inherited=dict(env),
        )

    @property
    def development(self) -> bool:
        """Whether this is a developer's or a demo machine."""
        return self.environment == "development"

    @property
    def secure(self) -> bool:
        """Whether members reach us over TLS."""
        return urlsplit(self.public_url).scheme == "https"

    def problems(self) -> list[str]:
        """Return what keeps production from starting, one sentence each; empty in development."""
        if self.development:
            return []
        found = []
        for name in ("secret_key_file", "data_key_file"):
            path: Path = getattr(self, name)
            variable = f"UNION_{name.upper()}"
            if not path.is_file():
                found.append(
                    f"{variable}: no key at {path}; put the kept copy back; for a new union make one: "
                    f"union settings make-key {path}"
                )
            elif path.stat().st_mode & 0o077:
                found.append(f"{variable}: {path} can be read by others; chmod 600 it")
            elif len(set(read_key_or_empty(path))) < 8:  # noqa: PLR2004 - a real random key has many distinct bytes
                found.append(f"{variable}: {path} holds no random 32-byte key in hex")
        if not self.secure:
            found.append(f"UNION_PUBLIC_URL: {self.public_url} is not https")
        found += self._provider_problems()
        if self.broker_url and self.database_url.startswith("sqlite"):
            found.append("UNION_BROKER_URL: workers share one PostgreSQL; UNION_DATABASE_URL is SQLite")
        if self.smtp_url and self.mail_from == "union@localhost":
            found.append("UNION_MAIL_FROM: missing, while UNION_SMTP_URL is set")
        return found

    def _provider_problems(self) -> list[str]:
        """Return what is wrong with what carries messages."""
        found = []
        for provider, names in PROVIDERS.items():
            given = {f"UNION_{n.upper()}": getattr(self, n) for n in names}
            if any(given.values()):
                found += [
                    f"{name}: missing, while other {provider} settings are set"
                    for name, v in given.items()
                    if not v
                ]
        if self.push_key_file.is_file() and self.push_key_file.stat().st_mode & 0o077:
            found.append(f"UNION_PUSH_KEY_FILE: {self.push_key_file} can be read by others; chmod 600 it")
        if self.sms_price and price_of(self.sms_price) is None:
            found.append(f"UNION_SMS_PRICE: {self.sms_price} is no price such as: 0.0790 EUR")
        return found

    def keep_private(self) -> None:
        """Make the folder of embedded state, and every file this process makes, its owner's alone."""
        os.umask(0o077)
        self.home.mkdir(parents=True, exist_ok=True)
        kept = self.home.stat()
        if kept.st_uid == os.geteuid() and stat.S_IMODE(kept.st_mode) != PRIVATE:
            self.home.chmod(PRIVATE)

    def require_safe(self) -> None:
        """Raise BadSettings in production when anything is missing or default."""
        if problems := self.problems():
            raise BadSettings(problems)

    def secret_key(self) -> bytes:
        """Return the key that signs cookies and receipts; development makes it on first use."""
        return make_key(self.secret_key_file) if self.development else read_key(self.secret_key_file)

    @property
    def carriers(self) -> list[str]:
        """Names of those that carry texts; none where texts stay at the desk and replies are played."""
        given = {"Twilio": self.twilio_account_sid, "Sinch": self.sinch_service_plan_id}
        return [name for name, account in given.items() if account]

    def vault(self) -> Vault:
        """Return what seals contact data; development makes the key on first use. Raises BadSettings."""
        if self.development and not self.data_key_file.exists():
            make_key(self.data_key_file)
        try:
            return Vault(read_ring(self.data_key_file), self.data_key_file)
        except BadKeys as bad:
            raise BadSettings([f"UNION_DATA_KEY_FILE: {bad}"]) from bad

    def push_key(self) -> bytes | None:
        """Return the key that signs notifications; None where there is none. Development makes it."""
        if self.development:
            return make_key(self.push_key_file)
        return read_key_or_empty(self.push_key_file) if self.push_key_file.is_file() else None

    def masked(self) -> list[tuple[str, str]]:
        """Return (variable, value) for printing, secrets hidden."""
        rows = []
        for f in fields(self):
            if f.name == "inherited":
                continue
            value = str(getattr(self, f.name))
            name = {"environment": "ENV", "union_name": "NAME"}.get(f.name, f.name.upper())
            rows.append((f"UNION_{name}", mask(f.name, value)))
        return rows


def _rate(variable: str, value: str) -> float:
    """Return a rate a second, 0 for none; raises BadSettings for what is no such number."""
    try:
        rate = float(value)
    except ValueError:
        rate = -1.0
    if not 0 <= rate < float("inf"):
        raise BadSettings([f"{variable}: {value!r} is not a number of segments a second"])
    return rate


def price_of(text: str) -> tuple[Decimal, str] | None:
    """Return amount and currency of a price for one segment, such as `0.0790 EUR`; None for anything else."""
    amount, _, currency = text.strip().partition(" ")
    try:
        price = Decimal(amount)
    except InvalidOperation:
        return None
    fits = price.is_finite() and price >= 0 and len(currency) == 3 and currency.isalpha()  # noqa: PLR2004
    return (price, currency.upper()) if fits else None


def mask(name: str, value: str) -> str:
    """Return `value` unless it is a secret; of an address with a password keep all but the password."""
    if not value or name not in SECRET_FIELDS:
        return value
    parts = urlsplit(value)
    if "://" not in value:
        return "•" * 8
    if parts.password is None:
        return value
    return value.replace(f":{parts.password}@", ":••••••••@")


def read_key_or_empty(path: Path) -> bytes:
    """Return the key in `path`, of several the first; nothing when it holds none."""
    try:
        return read_ring(path).keys[0]
    except BadKeys:
        return b""
