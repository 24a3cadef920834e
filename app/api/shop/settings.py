"""What a process reads from its environment, once. A missing or malformed variable is one line and exit 1."""

import sys
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import AnyHttpUrl, Field, SecretStr, StringConstraints, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

RedisUrl = Annotated[str, StringConstraints(pattern=r"^rediss?://\S+$")]
TopicArn = Annotated[str, StringConstraints(pattern=r"^arn:aws[\w-]*:sns:[\w-]+:\d{12}:[\w-]+(\.fifo)?$")]
SecretArn = Annotated[
    str, StringConstraints(pattern=r"^arn:aws[\w-]*:secretsmanager:[\w-]+:\d{12}:secret:\S+$")
]
S = TypeVar("S", bound="Settings")
SslMode = Literal["disable", "require", "verify-full"]


class Settings(BaseSettings):
    """What the API and the worker share."""

    model_config = SettingsConfigDict(env_ignore_empty=True, extra="ignore", frozen=True)

    environment: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,32}$")]
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    database_url: SecretStr | None = None
    """`postgresql://user:password@host:port/name`; or its parts, below."""
    database_host: str | None = None
    database_port: int = Field(default=5432, ge=1, le=65535)
    database_name: str | None = None
    database_user: str | None = None
    database_password: SecretStr | None = None
    database_secret_arn: SecretArn | None = None
    """Where the current password is, when that of the start is refused: RDS rotates it."""
    database_ssl_mode: SslMode = "require"
    """`require` encrypts; `verify-full` also checks the server's name, against DATABASE_CA_FILE."""
    database_ca_file: str | None = None
    database_pool_size: int = Field(default=10, ge=1, le=100)

    redis_url: RedisUrl | None = None
    redis_password: SecretStr | None = None

    migrate_on_start: bool = True
    """Apply the migrations when the process starts, under a lock that makes them happen once."""
    seed_catalogue: bool = False
    """Fill an empty catalogue after the migrations."""
    stop_timeout_seconds: int = Field(default=30, ge=5, le=120)
    """What ECS waits between SIGTERM and SIGKILL (the task definition's `stopTimeout`)."""

    @model_validator(mode="after")
    def _database_is_known(self) -> Self:
        if self.database_url is None:
            parts = ("database_host", "database_name", "database_user", "database_password")
            missing = [part.upper() for part in parts if getattr(self, part) is None]
            if missing:
                raise ValueError(f"{', '.join(missing)} missing: set DATABASE_URL or every part of it")
        _ = self.database_location
        if self.database_ca_file is not None and not Path(self.database_ca_file).is_file():
            raise ValueError(f"DATABASE_CA_FILE malformed: no file {self.database_ca_file}")
        return self

    @property
    def database_location(self) -> URL:
        if self.database_url is None:
            return URL.create(
                "postgresql+asyncpg",
                username=self.database_user,
                password=self.database_password.get_secret_value() if self.database_password else None,
                host=self.database_host,
                port=self.database_port,
                database=self.database_name,
            )
        try:
            url = make_url(self.database_url.get_secret_value())
        except ArgumentError:  # its text would show the password
            raise ValueError("DATABASE_URL malformed: postgresql://user:password@host:port/name") from None
        if url.get_backend_name() not in ("postgresql", "postgres") or not url.database:
            raise ValueError("DATABASE_URL malformed: postgresql://user:password@host:port/name")
        # libpq's words for TLS are DATABASE_SSL_MODE here; asyncpg does not take them in the URL.
        return url.set(drivername="postgresql+asyncpg").difference_update_query(["sslmode"])


class ApiSettings(Settings):
    redis_url: RedisUrl  # pyright: ignore[reportIncompatibleVariableOverride, reportGeneralTypeIssues]
    jwt_signing_key: SecretStr = Field(min_length=32)
    jwt_issuer: Annotated[str, StringConstraints(min_length=1)]
    access_token_minutes: int = Field(default=10, ge=1, le=60)
    sign_in_days: int = Field(default=30, ge=1, le=365)
    """How long refresh tokens carry one sign-in; then the password is asked for again."""

    host: str = "0.0.0.0"  # noqa: S104 - a task's own address is not known before it runs
    port: int = Field(default=8000, ge=0, le=65535)
    drain_seconds: float = Field(default=5, ge=0, le=60)
    """After SIGTERM, how long new requests are still taken: the load balancer learns of it late."""

    @property
    def jwt_audience(self) -> str:
        """One per environment, so that a token of staging is nothing to production."""
        return f"shop-{self.environment}"


class WorkerSettings(Settings):
    orders_topic_arn: TopicArn
    fulfilment_queue_url: AnyHttpUrl
    aws_region: str | None = None
    visibility_seconds: int = Field(default=30, ge=3, le=43200)
    """How long a message stays hidden if this worker dies; extended while it works."""

    @property
    def region(self) -> str:
        """boto3 reads AWS_DEFAULT_REGION only, and ECS sets AWS_REGION; the topic's ARN names it too."""
        return self.aws_region or self.orders_topic_arn.split(":")[3]


def load(kind: type[S]) -> S:
    """The settings from the environment, or one line to stderr and exit 1."""
    try:
        return kind()
    except ValidationError as error:
        print(f"configuration: {'; '.join(_explain(one) for one in error.errors())}", file=sys.stderr)
        raise SystemExit(1) from None


def _explain(error: Any) -> str:
    """Names the variable and what is allowed; never the value, which may be a secret."""
    if not error["loc"]:
        return str(error["ctx"]["error"])
    variable = str(error["loc"][0]).upper()
    if error["type"] == "missing":
        return f"{variable} missing: set it in the environment"
    return f"{variable} malformed: {error['msg'][0].lower()}{error['msg'][1:]}"
