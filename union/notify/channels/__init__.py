"""Which way messages leave, by what is configured. Knows every channel; the delivery knows none of them."""

from union.core.settings import Settings
from union.notify.channels.base import Route
from union.notify.channels.desk import Desk
from union.notify.channels.smtp_email import SmtpEmail
from union.notify.channels.twilio_sms import TwilioSms
from union.notify.rules.kinds import Channel


def configured(settings: Settings) -> tuple[Route, ...]:
    """Return one route per channel: Twilio and SMTP where credentials are set, else the message desk."""
    sms: Route = Desk(Channel.SMS)
    if settings.twilio_account_sid and settings.twilio_auth_token:
        sms = TwilioSms(
            account_sid=settings.twilio_account_sid,
            auth_token=settings.twilio_auth_token,
            messaging_service_sid=settings.twilio_messaging_service_sid,
            api_url=settings.twilio_api_url,
            status_url=f"{settings.public_url}/twilio/status",
        )
    email: Route = Desk(Channel.EMAIL)
    if settings.smtp_url:
        email = SmtpEmail(settings.smtp_url, sender=settings.mail_from, name_shown=settings.union_name)
    return (sms, email)
