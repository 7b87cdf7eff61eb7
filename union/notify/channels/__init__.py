"""Which way messages leave, by what is configured. Knows every channel; the delivery knows none of them."""

from collections.abc import Callable, Mapping
from email.utils import parseaddr

from union.core.settings import Settings
from union.notify.channels.base import Route, Ways
from union.notify.channels.desk import Desk
from union.notify.channels.sinch_sms import SinchSms
from union.notify.channels.smtp_email import SmtpEmail
from union.notify.channels.twilio_sms import TwilioSms
from union.notify.channels.web_push import WebPush
from union.notify.channels.weighted import Weighted
from union.notify.rules.balance import middle
from union.notify.rules.kinds import Channel

Weigh = Callable[[list[str]], Mapping[str, int]]


def configured(
    settings: Settings, *, weigh: Weigh = middle, gone: Callable[[str], None] = lambda _endpoint: None
) -> tuple[Ways, ...]:
    """Return the ways out, one for each channel: providers where credentials are set, else the message desk.

    weigh: returns the shares of two providers of texts, for their names. gone: told the address of a browser
    that takes no notifications any more.
    """
    return (_sms(settings, weigh), _email(settings), _push(settings, gone))


def texting(settings: Settings) -> list[str]:
    """Return the names of the providers of texts that are set up."""
    return [route.name for route in _carriers(settings)]


def _carriers(settings: Settings) -> list[Route]:
    found: list[Route] = []
    if settings.twilio_account_sid and settings.twilio_auth_token:
        found.append(
            TwilioSms(
                account_sid=settings.twilio_account_sid,
                auth_token=settings.twilio_auth_token,
                messaging_service_sid=settings.twilio_messaging_service_sid,
                api_url=settings.twilio_api_url,
                status_url=f"{settings.public_url}/twilio/status",
            )
        )
    if settings.sinch_service_plan_id and settings.sinch_api_token:
        found.append(
            SinchSms(
                plan=settings.sinch_service_plan_id,
                token=settings.sinch_api_token,
                sender=settings.sinch_sender,
                api_url=settings.sinch_api_url,
                callback_url=f"{settings.public_url}/sinch/status",
            )
        )
    return found


def _sms(settings: Settings, weigh: Weigh) -> Ways:
    found = _carriers(settings)
    if not found:
        return Desk(Channel.SMS)
    return found[0] if len(found) == 1 else Weighted(found, weigh)


def _email(settings: Settings) -> Ways:
    if not settings.smtp_url:
        return Desk(Channel.EMAIL)
    return SmtpEmail(
        settings.smtp_url,
        sender=settings.mail_from,
        name_shown=settings.union_name,
        return_to=settings.mail_return,
    )


def _push(settings: Settings, gone: Callable[[str], None]) -> Ways:
    private = settings.push_key()
    if private is None:
        return Desk(Channel.PUSH)
    # Where push services find us when something is wrong with what we send (RFC 8292).
    contact = f"mailto:{parseaddr(settings.mail_from)[1]}"
    return WebPush(private=private, contact=contact, hosts=settings.push_hosts, gone=gone)
