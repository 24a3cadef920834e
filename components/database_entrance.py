"""What a database, or the proxy before it, gives a service: where, as whom, by password or by token."""

from dataclasses import dataclass

import pulumi

from components.key import Key
from components.link import Link, Permission, Port, SecretValue

PORT = 5432


@dataclass(frozen=True, kw_only=True)
class Entrance:
    """One way into a database."""

    name: str
    """Of the links, such as `shop-database`."""
    host: pulumi.Output[str]
    port: pulumi.Output[int]
    database_name: str
    security_group_id: pulumi.Input[str]
    key: Key

    def with_password(self, user: str, secret_arn: pulumi.Input[str]) -> Link:
        """As `user`, by a password that the task is given when it starts.

        `DATABASE_SECRET_ARN` and the permission to read it are there because the password in the
        environment is that of the task's start: who is refused later reads the rotated one.
        """
        return Link(
            name=self.name,
            environment={**self._environment(user), "DATABASE_SECRET_ARN": secret_arn},
            secrets={
                "DATABASE_PASSWORD": SecretValue(
                    arn=secret_arn, json_key="password", kms_key_arn=self.key.arn
                )
            },
            permissions=[
                Permission(actions=["secretsmanager:GetSecretValue"], resources=[secret_arn]),
                self.key.use("kms:Decrypt"),
            ],
            ports=self._ports(),
        )

    def with_token(self, user: str, resource_id: pulumi.Input[str]) -> Link:
        """As `user`, by a token that the task signs with its role: no password exists.

        A token opens connections for 15 minutes; `resource_id` is the cluster's or the proxy's.
        https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/UsingWithRDS.IAMDBAuth.html
        """
        users = f"arn:aws:rds-db:{self.key.region}:{self.key.account_id}:dbuser:"
        return Link(
            name=f"{self.name}-sign-in",
            environment={**self._environment(user), "DATABASE_AUTHENTICATION": "iam"},
            permissions=[
                Permission(
                    actions=["rds-db:connect"],
                    resources=[pulumi.Output.concat(users, resource_id, "/", user)],
                )
            ],
            ports=self._ports(),
        )

    def reader(self, host: pulumi.Input[str]) -> Link:
        """The host that answers reads, to be given beside a link that says as whom."""
        return Link(
            name=f"{self.name}-reader",
            environment={"DATABASE_READER_HOST": host},
            ports=self._ports(),
        )

    def _environment(self, user: str) -> dict[str, pulumi.Input[str]]:
        return {
            "DATABASE_HOST": self.host,
            "DATABASE_PORT": self.port.apply(lambda port: str(int(port))),
            "DATABASE_NAME": self.database_name,
            "DATABASE_USER": user,
            "DATABASE_SSL_MODE": "require",
        }

    def _ports(self) -> list[Port]:
        return [Port(security_group_id=self.security_group_id, port=PORT)]
