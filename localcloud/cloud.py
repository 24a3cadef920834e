"""The Pulumi mocks that make each resource in the emulator: what the AWS provider is to the program."""

import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol, cast

from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NoConnectionError
from pulumi.runtime import Mocks
from pulumi.runtime.mocks import MockCallArgs, MockResourceArgs

from localcloud import images
from localcloud.clients import Clients
from localcloud.errors import LocalCloudError
from localcloud.making import Making, RecordedCall
from localcloud.mapper import MappingError
from localcloud.resources import INVOKES, KINDS
from localcloud.task import Platform

SIGNATURE = "4dabf18193072939515e22adb298388d"
"""The key by which Pulumi marks a wrapped value; a secret's has `value` beside it."""
SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 the mark, not a secret


class Postgres(Protocol):
    """The real PostgreSQL that the program's databases live in."""

    @property
    def host(self) -> str: ...
    @property
    def port(self) -> int: ...
    def create_database(self, name: str, user: str, password: str) -> None: ...


class Valkey(Protocol):
    """The real Valkey that the program's caches live in."""

    @property
    def host(self) -> str: ...
    @property
    def port(self) -> int: ...
    def create_user(self, name: str, password: str | None, access_string: str) -> None: ...
    def configure(self, settings: Mapping[str, str]) -> None: ...


class Servers(Protocol):
    """The servers that stand in for Aurora and ElastiCache; `localcloud.servers` has the real ones."""

    @property
    def postgres(self) -> Postgres: ...
    @property
    def valkey(self) -> Valkey: ...


@dataclass(frozen=True, kw_only=True)
class Event:
    """One resource has been made, for a progress line."""

    name: str
    type: str
    action: Literal["created", "recorded"]
    seconds: float


@dataclass(kw_only=True)
class Cloud(Mocks):
    """Makes what the program registers. Called from the SDK's threads, several at once.

    The first failure is kept in `failure`; from then on nothing more is made.
    """

    stack: str
    region: str
    account: str
    default_tags: Mapping[str, str]
    clients: Clients
    servers: Servers
    root: Path
    report: Callable[[Event], None]
    make_platform: Callable[[Mapping[str, str]], Platform]
    """Gives what tasks run on that the program waits for, when it is told the folders of images."""
    images: dict[str, str] = field(default_factory=dict[str, str])
    """URI of an image, as task definitions name it, to the folder that it is built from."""
    recorded: list[RecordedCall] = field(default_factory=list[RecordedCall])
    failure: LocalCloudError | None = None
    shared: dict[str, Any] = field(default_factory=dict[str, Any])
    """What the handlers of one resource leave for those of another, by id."""
    exclusive: threading.RLock = field(default_factory=threading.RLock)
    """Held where two resources might make the same thing."""
    _platform: Platform | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _names: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])

    def new_resource(self, args: MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        inputs = cast("dict[str, Any]", args.inputs)
        if args.custom is False:  # a component; of what is only read it is None
            images.note(self, args.typ, inputs)
            return None, dict(inputs)
        if self.failure is not None:
            raise self.failure
        secrets: set[str] = set()
        started = time.perf_counter()
        making = self._making(args)
        try:
            id_, outputs = self._make(making, cast("dict[str, Any]", unwrap(inputs, secrets)))
        except Exception as error:
            raise self._failed(making, error, secrets) from None
        event = Event(
            name=args.name,
            type=args.typ,
            action="recorded" if making.recorded else "created",
            seconds=time.perf_counter() - started,
        )
        with self._lock:
            self.recorded += making.recorded
            self.report(event)
        return id_, {**inputs, **outputs}

    def call(self, args: MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]] | None]:
        making = Making(cloud=self, token=args.token, name="function", region=self.region)
        secrets: set[str] = set()
        try:
            given = cast("dict[str, Any]", args.args)  # pyright: ignore[reportUnknownMemberType]
            return self._invoke(making, unwrap(given, secrets)), []
        except Exception as error:
            raise self._failed(making, error, secrets) from None

    def platform(self) -> Platform:
        """What tasks run on, made for the first of them."""
        with self.exclusive:
            if self._platform is None:
                self._platform = self.make_platform(self.images)
            return self._platform

    def _making(self, args: MockResourceArgs) -> Making:
        with self._lock:
            occurrence = self._names[args.typ, args.name]
            self._names[args.typ, args.name] += 1
        return Making(
            cloud=self,
            token=args.typ,
            name=args.name,
            region=self.region,
            occurrence=occurrence,
            existing=args.resource_id or "",
        )

    def _make(self, making: Making, inputs: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        if making.existing:
            raise MappingError(
                f"the local cloud starts empty: there is no {making.existing} to read or import"
            )
        if making.token in images.TYPES:
            return images.stand_in(self, making.token, making.name, inputs)
        kind = KINDS.get(making.token)
        if kind is None:
            raise MappingError("the local cloud does not know this type; teach it in localcloud/resources/")
        other = kind.instead
        if other is not None and inputs.get(other.input) == other.value:
            kind = other.kind
        making.region = str(inputs.pop("region", None) or self.region)
        return making.make(kind, inputs)

    def _invoke(self, making: Making, arguments: dict[str, Any]) -> dict[str, Any]:
        invoke = INVOKES.get(making.token)
        if invoke is None:
            raise MappingError("the local cloud does not know it; teach it in localcloud/resources/")
        return invoke(arguments, making)

    def _failed(self, making: Making, error: Exception, secrets: set[str]) -> LocalCloudError:
        message = f"{making.name} ({making.token}): {mask(self._message(error), secrets)}"
        log = error.log if isinstance(error, LocalCloudError) else ()
        failure = LocalCloudError(message, log=[mask(line, secrets) for line in log])
        with self._lock:
            if self.failure is None:
                self.failure = failure
        return failure

    def _message(self, error: Exception) -> str:
        if isinstance(error, ClientError):
            answer = error.response.get("Error", {})
            return f"{error.operation_name}: {answer.get('Code', 'error')}: {answer.get('Message', '')}"
        if isinstance(error, (HTTPClientError, NoConnectionError)):
            return f"the emulator at {self.clients.endpoint} no longer answers; nothing more was deployed"
        if isinstance(error, (LocalCloudError, MappingError, BotoCoreError, OSError)):
            return str(error)
        if isinstance(error, (KeyError, IndexError)):
            return f"the emulator's answer lacks {error}"
        return f"{type(error).__name__}: {error}"


def unwrap(value: Any, secrets: set[str]) -> Any:
    """A value without the wrappings of secrets; what was secret is added to `secrets`, as text."""
    if isinstance(value, list):
        return [unwrap(item, secrets) for item in cast("list[Any]", value)]
    if not isinstance(value, dict):
        return value
    items = cast("dict[str, Any]", value)
    if items.get(SIGNATURE) == SECRET:
        inner = unwrap(items["value"], secrets)
        secrets.update(_texts(inner))
        return inner
    return {name: unwrap(item, secrets) for name, item in items.items()}


def mask(message: str, secrets: set[str]) -> str:
    """One line of a message, without the secrets."""
    for secret in sorted(secrets, key=len, reverse=True):
        message = message.replace(secret, "[secret]")
    return re.sub(r"\s+", " ", message).strip()


def _texts(value: Any) -> set[str]:
    if isinstance(value, dict):
        return {text for item in cast("dict[str, Any]", value).values() for text in _texts(item)}
    if isinstance(value, list):
        return {text for item in cast("list[Any]", value) for text in _texts(item)}
    return {str(value)} if value not in (None, "", True, False) else set()
