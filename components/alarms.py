"""Who hears when something is wrong: an encrypted topic with e-mail, and the alarms that publish to it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_aws import cloudwatch, sns

from components.alarm import VALUE, Alarm, Metric, Watched
from components.cluster import Cluster
from components.key import Key

EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
STATISTICS = ("Average", "Maximum", "Minimum", "SampleCount", "Sum")
DEPLOYMENT_EVENTS = ("SERVICE_DEPLOYMENT_FAILED", "SERVICE_TASK_START_IMPAIRED")
"""https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_service_deployment_events.html"""


@dataclass(frozen=True, kw_only=True)
class AlarmsArgs:
    key: Key
    emails: Sequence[str] = ()
    """Each gets a message to confirm first. None: whoever wants to know subscribes the topic."""

    def __post_init__(self) -> None:
        for email in self.emails:
            if not EMAIL.fullmatch(email):
                raise pulumi.RunError(f"alarms: '{email}' is no e-mail address such as team@example.com")
            if list(self.emails).count(email) > 1:
                raise pulumi.RunError(f"alarms: '{email}' stands twice in emails; name it once")


class Alarms(pulumi.ComponentResource):
    """One topic per stack. CloudWatch, EventBridge, RDS and billing publish to it, and nobody else.

    `watch` makes the alarms that components ask for: `alarms.watch(load_balancer, api, database)`.
    """

    topic_arn: pulumi.Output[str]
    """Known once its policy lets the services publish, for some try it at once."""
    topic_name: pulumi.Output[str]
    region: str

    def __init__(self, name: str, args: AlarmsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("causeway:index:Alarms", name, None, opts)
        self._name, self._key = name, args.key
        self._child = pulumi.ResourceOptions(parent=self)
        self._made: dict[str, tuple[Alarm, cloudwatch.MetricAlarm]] = {}
        self.region = args.key.region
        topic = sns.Topic(
            f"{name}-alarms",
            display_name=f"{pulumi.get_project()} {pulumi.get_stack()}",
            kms_master_key_id=args.key.arn,
            signature_version=2,
            opts=self._child,
        )
        policy = sns.TopicPolicy(
            f"{name}-alarms-policy",
            arn=topic.arn,
            policy=_policy(topic.arn, args.key),
            opts=self._child,
        )
        for email in args.emails:
            sns.TopicSubscription(
                f"{name}-alarms-to-{re.sub('[^a-z0-9]+', '-', email.lower())}",
                topic=topic.arn,
                protocol="email",
                endpoint=email,
                opts=self._child,
            )
        self.topic_arn = pulumi.Output.all(topic.arn, policy.id).apply(lambda known: str(known[0]))
        self.topic_name = topic.name
        self.register_outputs({"topic_arn": self.topic_arn})

    @property
    def watched(self) -> Sequence[Alarm]:
        """All that is watched so far, in order."""
        return [alarm for alarm, _ in self._made.values()]

    @property
    def arns(self) -> Sequence[pulumi.Output[str]]:
        """The alarms' ARNs, in the same order."""
        return [made.arn for _, made in self._made.values()]

    def watch(self, *sources: Watched | Alarm) -> None:
        """Make the alarms of components, or single ones such as `queue.alarms(oldest_minutes=60)[0]`."""
        for source in sources:
            for alarm in [source] if isinstance(source, Alarm) else source.alarms():
                if alarm.name in self._made:
                    raise pulumi.RunError(
                        f"alarms '{self._name}': '{alarm.name}' of {alarm.of} is watched already, by that of "
                        f"{self._made[alarm.name][0].of}; watch each component once and name each differently"
                    )
                self._made[alarm.name] = (alarm, self._make(alarm))

    def watch_deployments(self, cluster: Cluster) -> None:
        """Tell when a deployment of the cluster's services fails, rolled back or not, and when their tasks
        will not start."""
        rule = cloudwatch.EventRule(
            f"{self._name}-failed-deployments",
            description="Deployments of ECS services that failed, and tasks that will not start",
            event_pattern=pulumi.Output.json_dumps(
                {
                    "source": ["aws.ecs"],
                    "detail-type": ["ECS Deployment State Change", "ECS Service Action"],
                    "resources": [{"prefix": self._services(cluster)}],
                    "detail": {"eventName": DEPLOYMENT_EVENTS},
                }
            ),
            opts=self._child,
        )
        cloudwatch.EventTarget(
            f"{self._name}-failed-deployments",
            rule=rule.name,
            arn=self.topic_arn,
            input_transformer={
                "input_paths": {
                    "event": "$.detail.eventName",
                    "reason": "$.detail.reason",
                    "service": "$.resources[0]",
                },
                "input_template": '"<service>: <event>. <reason>"',
            },
            opts=self._child,
        )

    def _services(self, cluster: Cluster) -> pulumi.Output[str]:
        prefix = f"arn:aws:ecs:{self.region}:{self._key.account_id}:service/"
        return pulumi.Output.concat(prefix, cluster.name, "/")

    def _make(self, alarm: Alarm) -> cloudwatch.MetricAlarm:
        values = list(alarm.metrics.values())
        single = values[0] if alarm.expression is None else None
        named = single is not None and single.stat in STATISTICS
        return cloudwatch.MetricAlarm(
            f"{self._name}-{alarm.name}",
            alarm_description=alarm.description,
            comparison_operator="GreaterThanOrEqualToThreshold",
            threshold=alarm.threshold,
            evaluation_periods=alarm.evaluation_periods,
            datapoints_to_alarm=alarm.periods,
            treat_missing_data="notBreaching",
            namespace=single.namespace if single else None,
            metric_name=single.name if single else None,
            dimensions=single.dimensions if single else None,
            period=alarm.period_seconds if single else None,
            statistic=single.stat if single and named else None,
            extended_statistic=single.stat if single and not named else None,
            # A percentile of a handful of requests says nothing.
            evaluate_low_sample_count_percentiles="ignore" if single and not named else None,
            metric_queries=None if single else _queries(alarm),
            alarm_actions=[self.topic_arn],
            ok_actions=[self.topic_arn],
            opts=self._child,
        )


def _queries(alarm: Alarm) -> list[cloudwatch.MetricAlarmMetricQueryArgsDict]:
    """The metrics, then the value that the alarm looks at."""
    queries: list[cloudwatch.MetricAlarmMetricQueryArgsDict] = [
        {"id": id_, "metric": _metric(metric, alarm.period_seconds)} for id_, metric in alarm.metrics.items()
    ]
    queries.append({"id": VALUE, "label": alarm.title, "expression": alarm.expression, "return_data": True})
    return queries


def _metric(metric: Metric, period_seconds: int) -> cloudwatch.MetricAlarmMetricQueryMetricArgsDict:
    return {
        "namespace": metric.namespace,
        "metric_name": metric.name,
        "dimensions": metric.dimensions,
        "period": period_seconds,
        "stat": metric.stat,
    }


def _policy(topic_arn: pulumi.Output[str], key: Key) -> pulumi.Output[str]:
    """AWS's services for this account, each as it documents; the key lets the same ones encrypt."""
    account = {"StringEquals": {"aws:SourceAccount": key.account_id}}
    alarm = {"ArnLike": {"aws:SourceArn": f"arn:aws:cloudwatch:{key.region}:{key.account_id}:alarm:*"}}
    services: tuple[tuple[str, str, dict[str, object] | None], ...] = (
        ("AlarmsPublish", "cloudwatch.amazonaws.com", {**account, **alarm}),
        # EventBridge sends SNS no source to hold it to: with a condition, every event is lost in silence.
        ("EventsPublish", "events.amazonaws.com", None),
        ("DatabasesPublish", "events.rds.amazonaws.com", {**account}),
        ("BudgetsPublish", "budgets.amazonaws.com", {**account}),
        ("CostAnomaliesPublish", "costalerts.amazonaws.com", {**account}),
    )
    statements: list[dict[str, object]] = []
    for sid, service, condition in services:
        statement: dict[str, object] = {
            "Sid": sid,
            "Effect": "Allow",
            "Principal": {"Service": service},
            "Action": "sns:Publish",
            "Resource": topic_arn,
        }
        statements.append(statement if condition is None else {**statement, "Condition": condition})
    statements.append(
        {
            "Sid": "OverTlsOnly",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "sns:Publish",
            "Resource": topic_arn,
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
    )
    return pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": statements})
