"""The parts of the platform that a stack may have or not, or of more than one kind: see `__main__`."""

from collections.abc import Mapping
from typing import Any

import pulumi
from delivery import Pipeline as PipelineSettings
from services import ApiService, WorkerScaling, WorkerService

from components.alarm import Alarm, Watched
from components.alarms import Alarms
from components.backup import Backup, BackupArgs
from components.budget import Budget, BudgetArgs
from components.capacity import CapacityArgs
from components.cluster import Cluster
from components.dashboard import Dashboard, DashboardArgs
from components.database import Database, DatabaseArgs
from components.database_proxy import DatabaseProxy, DatabaseProxyArgs
from components.deploy_role import DeployScope
from components.external_repository import ExternalRepository
from components.function import Function, FunctionArgs
from components.github_oidc import GithubOidc, GithubOidcArgs
from components.image import Image, ImageArgs
from components.key import Key
from components.link import SecretValue
from components.pipeline import Pipeline, PipelineArgs
from components.pipeline_access import PipelineAccess, PipelineAccessArgs
from components.redis import Redis, RedisArgs
from components.registry import Registry, RegistryArgs, Replica
from components.role_boundary import RoleBoundary
from components.scaling import Backlog, Scaling, Schedule
from components.serverless_cache import ServerlessCache, ServerlessCacheArgs
from components.subscriber import Email, Https, Sms
from components.subscription import Subscription
from components.topic import Topic, TopicArgs
from settings import Settings

Outputs = dict[str, pulumi.Input[object]]


def make_database(
    stack: Settings, stores: Mapping[str, Any], alarms: Alarms | None
) -> tuple[Database, Database | DatabaseProxy]:
    """The database, and what services enter it by: itself, or a proxy."""
    events = alarms.topic_arn if alarms else None
    args = DatabaseArgs(events_topic_arn=events, **stack.database.cluster(), **stores)
    database = Database("shop", args)
    if not stack.database.proxy:
        return database, database
    proxy = DatabaseProxyArgs(database=database, log_retention_days=stack.logs.retention_days)
    return database, DatabaseProxy("shop", proxy)


def make_image(stack: Settings, name: str, key: Key) -> Image:
    """The image of a folder of `app/`, from here or from a release."""
    external = [
        ExternalRepository(**repository.model_dump()) for repository in stack.images.external_repositories
    ]
    return Image(
        name,
        ImageArgs(
            context=f"app/{name}",
            uri=stack.pinned(name),
            key=key,
            external_repositories=external,
            protect=stack.protect,
            **stack.images.making(),
        ),
    )


def make_cache(stack: Settings, stores: Mapping[str, Any]) -> Redis | ServerlessCache:
    """Valkey on nodes, or without."""
    settings = stack.cache
    if settings.serverless is None:
        return Redis("shop-cache", RedisArgs(**settings.group(), **stores))
    shared = {name: stores[name] for name in ("network", "key", "protect")}
    return ServerlessCache(
        "shop-cache", ServerlessCacheArgs(**settings.without_nodes(settings.serverless), **shared)
    )


def capacity(stack: Settings) -> dict[str, Any]:
    """What the cluster's tasks run on, by the component's own names."""
    ec2 = stack.capacity.ec2
    if ec2 is None:
        return {"spot_weight": stack.capacity.spot_weight}
    return {"capacity": CapacityArgs(architecture=stack.architecture, **ec2.model_dump())}


def scaling(service: ApiService | WorkerService, queue_name: pulumi.Input[str] | None = None) -> Scaling:
    """Between which numbers of tasks, and by what; with a queue, by what waits in it too."""
    wishes = service.scaling.model_dump(exclude={"schedules", "messages_per_task"})
    backlog = None
    if queue_name is not None and isinstance(service.scaling, WorkerScaling):
        backlog = Backlog(queue_name=queue_name, messages_per_task=service.scaling.messages_per_task)
    return Scaling(
        minimum=service.min_tasks,
        maximum=service.max_tasks,
        backlog=backlog,
        schedules=[Schedule(**schedule.model_dump()) for schedule in service.scaling.schedules],
        **wishes,
    )


def notify(stack: Settings, orders: Topic, encrypted: Mapping[str, Any]) -> list[Watched]:
    """People who are told of orders in words, and the function that says them. Gives what to watch."""
    settings = stack.notifications
    if settings is None:
        return []
    subscribers = [
        *map(Email, settings.emails),
        *map(Sms, settings.sms),
        *map(Https, settings.https),
    ]
    people = Topic("notifications", TopicArgs(subscribers=subscribers, **encrypted))
    notifier = Function(
        "notifier",
        FunctionArgs(
            directory="app/notifier",
            links=[people.publish()],
            subscriptions=[Subscription(topic=orders)],
            **encrypted,
        ),
    )
    return [people, notifier]


def make_backup(stack: Settings, key: Key, database: Database, alarms: Alarms | None) -> None:
    """Copies beside the database's own backups."""
    if stack.backup is not None:
        args = BackupArgs(
            key=key,
            resources=[database.arn],
            failures_topic_arn=alarms.topic_arn if alarms else None,
            protect=stack.protect,
            **stack.backup.plan(),
        )
        Backup("shop", args)


def watch(stack: Settings, alarms: Alarms | None, cluster: Cluster, *sources: Watched | Alarm) -> None:
    """The alarms, the dashboard of what they look at, and the budget that reports to them."""
    if stack.alarms is None or alarms is None:
        return
    alarms.watch(*sources)
    alarms.watch_deployments(cluster)
    if stack.alarms.dashboard:
        Dashboard("shop", DashboardArgs(alarms=alarms))
    if stack.budget is not None:
        Budget("shop", BudgetArgs(alarms=alarms, **stack.budget.model_dump()))


def deliver(stack: Settings, key: Key, boundary: RoleBoundary) -> Outputs:
    """Who may deploy, and what the account's registry has once. Gives outputs for whoever sets them up."""
    outputs: Outputs = {}
    scope: dict[str, Any] = {
        "account_id": stack.account_id,
        "region": stack.region,
        "hosted_zone_id": stack.site.hosted_zone_id,
        "state_bucket": stack.state.bucket,
        "state_key_arn": stack.state.key_arn,
        "role_boundary_arn": boundary.arn,
    }
    if stack.registry.owned:
        replicas = [Replica(**replica.model_dump()) for replica in stack.registry.replicas]
        place: dict[str, Any] = {"account_id": stack.account_id, "region": stack.region}
        Registry("shop", RegistryArgs(replicas=replicas, **stack.registry.rules(), **place))
    if stack.github is not None:
        github = GithubOidc("github", GithubOidcArgs(**stack.github.model_dump(), **scope))
        outputs["deploy_role_arn"] = github.role_arn
        if github.preview_role_arn is not None:
            outputs["preview_role_arn"] = github.preview_role_arn
    if stack.pipeline is not None:
        pipeline = _make_pipeline(stack, stack.pipeline, key, DeployScope(**scope))
        outputs["pipeline_connection_arn"] = pipeline.connection_arn
        outputs["pipeline_build_role_arn"] = pipeline.production_build_role_arn
    if stack.pipeline_access is not None:
        access = PipelineAccessArgs(scope=DeployScope(**scope), **stack.pipeline_access.model_dump())
        outputs["pipeline_role_arn"] = PipelineAccess("pipeline-access", access).role_arn
    return outputs


def _make_pipeline(stack: Settings, settings: PipelineSettings, key: Key, scope: DeployScope) -> Pipeline:
    approval = None
    if settings.approvers:
        subscribers = [Email(address) for address in settings.approvers]
        approval = Topic(
            "approvals",
            TopicArgs(key=key, subscribers=subscribers, log_retention_days=stack.logs.retention_days),
        )
    state = {"PULUMI_BACKEND_URL": f"s3://{stack.state.bucket}"} if stack.state.bucket else {}
    return Pipeline(
        "shop",
        PipelineArgs(
            key=key,
            scope=scope,
            approval_topic=approval,
            environment=state,
            secrets={name: SecretValue(arn=arn) for name, arn in settings.secret_arns().items()},
            architecture=stack.architecture,
            log_retention_days=stack.logs.retention_days,
            protect=stack.protect,
            **settings.source(),
        ),
    )
