"""The database's password, which RDS changes every seven days while the process runs.

The one in the environment is that of the process's start. Who is refused with it reads the new one, once, and
tries again. https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-secrets-manager.html
"""

import asyncio
import json
from typing import Any

import boto3
from asyncpg.exceptions import InvalidPasswordError
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.util import await_only


def follow_rotation(engine: AsyncEngine, secret_arn: str) -> None:
    """Let new connections of `engine` use the secret's current password when the one they know is refused."""
    known: dict[str, str] = {}

    def connect(dialect: Any, _record: Any, arguments: Any, parameters: dict[str, Any]) -> Any:
        try:
            return dialect.connect(*arguments, **(parameters | known))
        except dialect.loaded_dbapi.Error as error:
            if not isinstance(error.__cause__, InvalidPasswordError):
                raise
            known["password"] = await_only(asyncio.to_thread(_read, secret_arn))
            return dialect.connect(*arguments, **(parameters | known))

    event.listen(engine.sync_engine, "do_connect", connect)


def _read(secret_arn: str) -> str:
    region = secret_arn.split(":")[3]
    secrets: Any = boto3.client("secretsmanager", region_name=region)
    return json.loads(secrets.get_secret_value(SecretId=secret_arn)["SecretString"])["password"]
