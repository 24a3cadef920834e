"""Settings of who is told what: orders, alarms, costs."""

from typing import Self

import limits
from pydantic import model_validator
from scalars import Flag
from sections import Section, refusal


class Notifications(Section):
    """Who is told of orders, in words; each confirms first, but for SMS."""

    emails: limits.Emails = ()
    sms: limits.PhoneNumbers = ()
    """Each message costs, by country; a new account sends to verified numbers only."""
    https: limits.HttpsUrls = ()

    @model_validator(mode="after")
    def _somebody(self) -> Self:
        if not (self.emails or self.sms or self.https):
            raise refusal("emails", None, "a list of e-mail addresses; or give sms or https")
        return self


class Alarms(Section):
    """Who is told when something is wrong. Without this section nothing is watched."""

    emails: limits.Emails
    dashboard: Flag = True
    """Three are free in an account, then 3 $ a month each."""

    @model_validator(mode="after")
    def _somebody(self) -> Self:
        if not self.emails:
            raise refusal("emails", [], "a list of one or more e-mail addresses")
        return self


class Budget(Section):
    """Reports, to those of the alarms; nothing is switched off."""

    monthly_usd: limits.Usd
    """The whole account's, taxes included."""
    anomaly_usd: limits.Usd | None = None
    """What a service costs beyond its usual, from so much on. An account has one such monitor."""
