"""People and their systems, who get a standard topic's messages by e-mail, SMS or HTTPS."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

import pulumi

FilterScope = Literal["MessageAttributes", "MessageBody"]
"""What a filter policy looks at: the message's attributes, or its body as JSON."""
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
PHONE_NUMBER = re.compile(r"\+[1-9]\d{6,14}")


@dataclass(frozen=True)
class Email:
    """A person or a list, who must confirm by the link in AWS's first mail, within two days."""

    address: str
    filter_policy: Mapping[str, object] | None = None
    protocol: str = "email"
    """`email`: the message. `email-json`: with SNS's envelope, for a machine."""

    def __post_init__(self) -> None:
        if not EMAIL.fullmatch(self.address):
            raise pulumi.RunError(
                f"topic: '{self.address}' is no e-mail address; use one such as ops@example.com"
            )
        if self.protocol not in ("email", "email-json"):
            raise pulumi.RunError(f"topic: protocol '{self.protocol}' is refused, use email or email-json")

    @property
    def endpoint(self) -> str:
        return self.address

    def delivery(self) -> Mapping[str, Any]:
        return {}


@dataclass(frozen=True)
class Sms:
    """A telephone. Each message costs, by country; a new account sends only to numbers that it has verified.

    https://docs.aws.amazon.com/sns/latest/dg/sns-sms-sandbox.html
    """

    number: str
    """E.164: `+491701234567`."""
    filter_policy: Mapping[str, object] | None = None
    protocol: str = "sms"

    def __post_init__(self) -> None:
        if not PHONE_NUMBER.fullmatch(self.number):
            raise pulumi.RunError(
                f"topic: '{self.number}' is no telephone number; use + and 7 to 15 digits: +491701234567"
            )

    @property
    def endpoint(self) -> str:
        return self.number

    def delivery(self) -> Mapping[str, Any]:
        return {}


@dataclass(frozen=True)
class Https:
    """A system that answers POSTs, and confirms the subscription by the link in the first one."""

    url: str
    filter_policy: Mapping[str, object] | None = None
    raw_delivery: bool = False
    """The message alone. Its attributes, and the signature to trust it by, are in the envelope."""
    confirms_itself: bool = False
    """The system confirms at once, as PagerDuty does: `pulumi up` waits a minute for it, or fails."""
    protocol: str = "https"

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme != "https" or not parts.hostname or re.search(r"\s", self.url):
            raise pulumi.RunError(f"topic: '{self.url}' is no HTTPS URL; messages travel encrypted only")
        if parts.username is not None:
            raise pulumi.RunError(
                f"topic: the URL of {parts.hostname} holds credentials, which the stack's state would show; "
                "take them out and check SNS's signature there"
            )

    @property
    def endpoint(self) -> str:
        return self.url

    def delivery(self) -> Mapping[str, Any]:
        return {
            "raw_message_delivery": self.raw_delivery,
            "endpoint_auto_confirms": self.confirms_itself,
        }


Subscriber = Email | Sms | Https


def subscriber_name(name: str, subscriber: Subscriber) -> str:
    """The logical name of a subscriber: it follows from the address alone, so that the others stay."""
    digest = hashlib.sha256(subscriber.endpoint.encode()).hexdigest()[:8]
    return f"{name}-{subscriber.protocol}-{digest}"


def filter_inputs(
    policy: Mapping[str, object] | None, scope: FilterScope = "MessageAttributes"
) -> Mapping[str, Any]:
    """The inputs of a subscription that say what passes: none for all. AWS takes up to 15 minutes to obey."""
    if policy is None:
        return {}
    inputs = {"filter_policy": json.dumps(policy, sort_keys=True)}
    return inputs if scope == "MessageAttributes" else {**inputs, "filter_policy_scope": scope}
