"""What a load balancer answers by itself: a redirect, or a fixed response."""

from dataclasses import dataclass
from typing import Literal

import pulumi
from pulumi_aws import lb

LONGEST_BODY = 1024
KEPT = ("#{protocol}", "#{host}", "#{port}", "/#{path}", "#{query}")


@dataclass(frozen=True, kw_only=True)
class Redirect:
    """Elsewhere, keeping what is not named: `Redirect(path="/store/#{path}")`.

    `#{protocol}`, `#{host}`, `#{port}`, `#{path}` and `#{query}` stand for those of the request.
    """

    host: str = "#{host}"
    path: str = "/#{path}"
    query: str = "#{query}"
    protocol: Literal["HTTPS", "HTTP", "#{protocol}"] = "#{protocol}"
    port: str = "#{port}"
    permanent: bool = True
    """301, which browsers keep for good; else 302."""

    def __post_init__(self) -> None:
        if (self.protocol, self.host, self.port, self.path, self.query) == KEPT:
            raise pulumi.RunError(
                "redirect: it leads to where it comes from; name another host, path, query, protocol or port"
            )
        if not self.path.startswith("/"):
            raise pulumi.RunError(f"redirect: path '{self.path}' must start with '/'")

    def action(self) -> lb.ListenerRuleActionArgsDict:
        """As a listener rule takes it."""
        return {
            "type": "redirect",
            "redirect": {
                "protocol": self.protocol,
                "host": self.host,
                "port": self.port,
                "path": self.path,
                "query": self.query,
                "status_code": "HTTP_301" if self.permanent else "HTTP_302",
            },
        }


@dataclass(frozen=True, kw_only=True)
class FixedResponse:
    """A page of at most 1,024 characters, such as of a maintenance."""

    status: int
    body: str = ""
    content_type: Literal[
        "text/plain", "text/css", "text/html", "application/javascript", "application/json"
    ] = "text/plain"

    def __post_init__(self) -> None:
        if self.status // 100 not in (2, 4, 5):
            raise pulumi.RunError(f"fixed response: status is {self.status}; give 200 to 299 or 400 to 599")
        if len(self.body) > LONGEST_BODY:
            raise pulumi.RunError(
                f"fixed response: the body has {len(self.body)} characters; AWS takes {LONGEST_BODY}"
            )

    def action(self) -> lb.ListenerRuleActionArgsDict:
        """As a listener rule takes it."""
        return {
            "type": "fixed-response",
            "fixed_response": {
                "status_code": str(self.status),
                "content_type": self.content_type,
                "message_body": self.body,
            },
        }
