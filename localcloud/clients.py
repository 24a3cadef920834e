"""The boto3 clients of one deployment, one per service and region, shared by its threads."""

import threading
from typing import Any

import boto3
from botocore.config import Config


class Clients:
    """Clients of the emulator. Using one is thread-safe, making one is not: hence the lock."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self._lock = threading.Lock()
        self._made: dict[tuple[str, str], Any] = {}
        self._session: Any = boto3.session.Session(aws_access_key_id="test", aws_secret_access_key="test")  # noqa: S106
        self._config = Config(
            retries={"total_max_attempts": 1, "mode": "standard"},  # it is local: a failure is one
            connect_timeout=5,
            read_timeout=60,
            max_pool_connections=16,
            s3={"addressing_style": "path"},
        )

    def get(self, service: str, region: str) -> Any:
        """The client of a service, by boto3's name for it."""
        client = self._made.get((service, region))
        if client is not None:
            return client
        with self._lock:
            if (service, region) not in self._made:
                self._made[service, region] = self._session.client(
                    service,
                    region_name=region,
                    endpoint_url=self.endpoint,
                    config=self._config,
                )
            return self._made[service, region]
