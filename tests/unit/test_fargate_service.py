"""Services on Fargate: links become environment, IAM and rules; what fails is rolled back; no more is let."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pulumi
import pytest

from components.deployment import Deployment
from components.fargate_service import FargateService, FargateServiceArgs
from components.fargate_size import FARGATE_MEMORY_MIB
from components.image import Image, ImageArgs
from components.link import Link, Permission, Port, SecretValue
from components.scaling import Scaling
from operations.program import Run
from operations.recording import ACCOUNT, REGION, record

EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
RULE = "aws:lb/listenerRule:ListenerRule"
SERVICE = "aws:ecs/service:Service"
TASK = "aws:ecs/taskDefinition:TaskDefinition"
ROLE, POLICY = "aws:iam/role:Role", "aws:iam/rolePolicy:RolePolicy"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/shop-key"
SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:shop"
PARAMETER = f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/shop"
QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:fulfilment"

Build = Callable[..., Run]


def database() -> Link:
    return Link(
        name="database",
        environment={"DATABASE_HOST": pulumi.Output.from_input("db.internal"), "DATABASE_PORT": "5432"},
        secrets={"DATABASE_PASSWORD": SecretValue(arn=SECRET, json_key="password", kms_key_arn=KEY)},
        ports=[Port(security_group_id="sg-database", port=5432)],
    )


def queue() -> Link:
    return Link(
        name="fulfilment",
        environment={"FULFILMENT_QUEUE_URL": "https://sqs/fulfilment"},
        permissions=[Permission(actions=["sqs:SendMessage"], resources=[QUEUE])],
    )


@pytest.fixture
def build(foundation: Any) -> Build:
    def make(
        name: str = "api",
        *,
        paths: Sequence[str] = (),
        hosts: Sequence[str] = (),
        nat: str = "single",
        spot_weight: int = 0,
        preview: bool = False,
        **arguments: Any,
    ) -> Run:
        def program() -> FargateService:
            base = foundation(nat, spot_weight)
            route = base.load_balancer().route(*paths, hosts=hosts) if paths or hosts else None
            given = {"cluster": base.cluster, "image": base.image, "route": route, **arguments}
            given["links"] = [link() if callable(link) else link for link in arguments.get("links", ())]
            return FargateService(name, FargateServiceArgs(**given))

        return record(program, preview=preview)

    return make


def web(build: Build, **arguments: Any) -> Run:
    return build(paths=["/api/*"], **{"port": 8000, "links": [database, queue], **arguments})


WORKER = sorted(
    [
        ("causeway:index:Task", "worker"),
        ("aws:cloudwatch/logGroup:LogGroup", "worker-logs"),
        (ROLE, "worker-execution-role"),
        (POLICY, "worker-execution-role"),
        (ROLE, "worker-task-role"),
        ("aws:ec2/securityGroup:SecurityGroup", "worker-task"),
        (EGRESS, "worker-aws-apis-out"),
        (EGRESS, "worker-s3-out"),
        (TASK, "worker-task"),
        (SERVICE, "worker-service"),
        ("aws:appautoscaling/target:Target", "worker-scaling"),
        ("aws:appautoscaling/policy:Policy", "worker-cpu"),
    ]
)
API = sorted(
    [
        *((type_, name.replace("worker", "api")) for type_, name in WORKER),
        (POLICY, "api-task-role"),
        (EGRESS, "api-database-5432-out"),
        (INGRESS, "api-database-5432-in"),
        (EGRESS, "api-load-balancer-8000-out"),
        (INGRESS, "api-load-balancer-8000-in"),
        ("aws:lb/targetGroup:TargetGroup", "api-blue"),
        ("aws:lb/targetGroup:TargetGroup", "api-green"),
        (RULE, "api-rule"),
        (RULE, "api-test-rule"),
        (ROLE, "api-infrastructure"),
        (POLICY, "api-infrastructure"),
        ("aws:cloudwatch/metricAlarm:MetricAlarm", "api-errors"),
    ]
)


def test_children_of_a_worker(build: Build, within: Any) -> None:
    assert within(build("worker"), "FargateService") == WORKER


def test_children_of_an_api(build: Build, within: Any) -> None:
    assert within(web(build), "FargateService") == API


def test_preview_with_nothing_known(build: Build, within: Any, unknown: None) -> None:
    assert within(web(build, preview=True), "FargateService") == API


def test_task_definition(build: Build, one: Any) -> None:
    definition = one(web(build), TASK, "api-task").inputs
    (container,) = json.loads(definition.pop("containerDefinitions"))
    assert definition == {
        "family": "causeway-test-api",
        "requiresCompatibilities": ["FARGATE"],
        "networkMode": "awsvpc",
        "cpu": "256",
        "memory": "512",
        "runtimePlatform": {"operatingSystemFamily": "LINUX", "cpuArchitecture": "X86_64"},
        "executionRoleArn": f"arn:aws:iam:{REGION}:{ACCOUNT}:role/api-execution-role",
        "taskRoleArn": f"arn:aws:iam:{REGION}:{ACCOUNT}:role/api-task-role",
        "skipDestroy": True,
        "volumes": [],
    }
    assert container["name"] == "api"
    assert container["image"].endswith("/api@sha256:" + "0" * 64)
    assert container["environment"] == [
        {"name": "DATABASE_HOST", "value": "db.internal"},
        {"name": "DATABASE_PORT", "value": "5432"},
        {"name": "FULFILMENT_QUEUE_URL", "value": "https://sqs/fulfilment"},
        {"name": "PORT", "value": "8000"},
    ]
    assert container["secrets"] == [{"name": "DATABASE_PASSWORD", "valueFrom": f"{SECRET}:password::"}]
    assert container["portMappings"] == [{"containerPort": 8000, "hostPort": 8000, "protocol": "tcp"}]
    assert container["logConfiguration"]["options"]["awslogs-group"] == "api-logs"


def test_the_order_of_links_and_variables_changes_no_revision(build: Build, one: Any) -> None:
    def definition(links: Sequence[Any], environment: Mapping[str, str]) -> str:
        run = web(build, links=links, environment=environment)
        return one(run, TASK, "api-task").inputs["containerDefinitions"]

    assert definition([database, queue], {"A": "1", "B": "2"}) == definition(
        [queue, database], {"B": "2", "A": "1"}
    )


def test_service(build: Build, one: Any) -> None:
    service = one(web(build), SERVICE, "api-service")
    assert service.inputs == {
        "cluster": f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/shop-cluster",
        "taskDefinition": f"arn:aws:ecs:{REGION}:{ACCOUNT}:taskdefinition/api-task",
        "desiredCount": 1,
        "capacityProviderStrategies": [{"capacityProvider": "FARGATE", "base": 1, "weight": 100}],
        "platformVersion": "LATEST",
        "networkConfiguration": {
            "subnets": ["shop-private-a-id", "shop-private-b-id"],
            "securityGroups": ["api-task-id"],
            "assignPublicIp": False,
        },
        "loadBalancers": [
            {
                "targetGroupArn": f"arn:aws:lb:{REGION}:{ACCOUNT}:targetgroup/api-blue",
                "containerName": "api",
                "containerPort": 8000,
                "advancedConfiguration": {
                    "alternateTargetGroupArn": f"arn:aws:lb:{REGION}:{ACCOUNT}:targetgroup/api-green",
                    "productionListenerRule": f"arn:aws:lb:{REGION}:{ACCOUNT}:listenerrule/api-rule",
                    "testListenerRule": f"arn:aws:lb:{REGION}:{ACCOUNT}:listenerrule/api-test-rule",
                    "roleArn": f"arn:aws:iam:{REGION}:{ACCOUNT}:role/api-infrastructure",
                },
            }
        ],
        "healthCheckGracePeriodSeconds": 60,
        "availabilityZoneRebalancing": "ENABLED",
        "deploymentConfiguration": {"strategy": "ROLLING"},
        "deploymentMinimumHealthyPercent": 100,
        "deploymentMaximumPercent": 200,
        "deploymentCircuitBreaker": {"enable": True, "rollback": True},
        "alarms": {"alarmNames": ["api-errors"], "enable": True, "rollback": True},
        "forceNewDeployment": True,
        "waitForSteadyState": True,
        "enableEcsManagedTags": True,
        "propagateTags": "SERVICE",
        "enableExecuteCommand": False,
    }


@pytest.mark.parametrize(
    ("scaling", "ignored"),
    [(Scaling(minimum=2, maximum=3), ("desiredCount",)), (Scaling(minimum=2, maximum=2), ())],
)
def test_who_owns_the_desired_count(
    scaling: Scaling, ignored: tuple[str, ...], build: Build, one: Any
) -> None:
    run = build("worker", scaling=scaling)
    service = one(run, SERVICE, "worker-service")
    assert service.inputs["desiredCount"] == 2
    assert service.options.ignore_changes == ignored
    assert len(run.of_type("aws:appautoscaling/target:Target")) == len(ignored)


def test_the_service_waits_for_what_its_tasks_need(build: Build, one: Any) -> None:
    run = web(build)
    waits = set(one(run, SERVICE, "api-service").options.dependencies)
    needed = [(t, n) for t, n in API if t in (POLICY, INGRESS, EGRESS, RULE)]
    assert len(needed) == 11
    assert {one(run, type_, name).urn for type_, name in needed} <= waits


def statements(run: Run, one: Any, name: str) -> list[dict[str, Any]]:
    return json.loads(one(run, POLICY, name).inputs["policy"])["Statement"]


def test_execution_role_starts_this_service_and_no_other(build: Build, one: Any) -> None:
    secrets = {"SHOP_TOKEN": SecretValue(arn=PARAMETER), "ALSO": SecretValue(arn=SECRET, json_key="also")}
    run = web(build, secrets=secrets)
    assert statements(run, one, "api-execution-role") == [
        {
            "Effect": "Allow",
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": [f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:loggroup/api-logs:*"],
        },
        {"Effect": "Allow", "Action": ["ecr:GetAuthorizationToken"], "Resource": "*"},
        {
            "Effect": "Allow",
            "Action": ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
            "Resource": [f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/api"],
        },
        {"Effect": "Allow", "Action": ["secretsmanager:GetSecretValue"], "Resource": [SECRET]},
        {"Effect": "Allow", "Action": ["ssm:GetParameters"], "Resource": [PARAMETER]},
        {
            "Effect": "Allow",
            "Action": ["kms:Decrypt"],
            "Resource": [KEY],
            "Condition": {
                "StringEquals": {
                    "kms:ViaService": [
                        f"secretsmanager.{REGION}.amazonaws.com",
                        f"ssm.{REGION}.amazonaws.com",
                    ]
                }
            },
        },
    ]


def test_task_role_has_what_its_links_give(build: Build, one: Any) -> None:
    assert statements(web(build), one, "api-task-role") == [
        {"Effect": "Allow", "Action": ["sqs:SendMessage"], "Resource": [QUEUE]}
    ]


def test_only_tasks_of_this_account_take_the_roles(build: Build, one: Any) -> None:
    run = web(build)
    for name in ("api-execution-role", "api-task-role"):
        (statement,) = json.loads(one(run, ROLE, name).inputs["assumeRolePolicy"])["Statement"]
        assert statement["Principal"] == {"Service": "ecs-tasks.amazonaws.com"}
        assert statement["Condition"] == {
            "StringEquals": {"aws:SourceAccount": ACCOUNT},
            "ArnLike": {"aws:SourceArn": f"arn:aws:ecs:{REGION}:{ACCOUNT}:*"},
        }


def test_ecs_exec_only_where_it_is_asked_for(build: Build, one: Any) -> None:
    run = build("worker", enable_execute_command=True)
    assert one(run, SERVICE, "worker-service").inputs["enableExecuteCommand"] is True
    assert one(run, TASK, "worker-task").inputs["volumes"] == [
        {"name": "var-lib-amazon"},
        {"name": "var-log-amazon"},
    ]
    channels, groups, logs, key = statements(run, one, "worker-task-role")
    assert {action.split(":")[0] for action in channels["Action"]} == {"ssmmessages"}
    assert groups["Action"] == ["logs:DescribeLogGroups"]
    assert logs["Resource"] == [f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:loggroup/shop-execute-command:*"]
    assert (key["Action"], key["Resource"]) == (["kms:Decrypt"], [KEY])


def rules(run: Run, type_: str) -> dict[str, tuple[Any, Any, int]]:
    """Name: whose group, to or from what, and the port."""
    found: dict[str, tuple[Any, Any, int]] = {}
    for rule in run.of_type(type_):
        if rule.name.startswith("api-"):
            inputs = rule.inputs
            assert inputs["ipProtocol"] == "tcp"
            assert inputs["fromPort"] == inputs["toPort"]
            assert inputs["description"]
            others = [inputs.get(key) for key in ("referencedSecurityGroupId", "prefixListId", "cidrIpv4")]
            (other,) = [value for value in others if value is not None]
            found[rule.name] = (inputs["securityGroupId"], other, int(inputs["fromPort"]))
    return found


def test_doors(build: Build) -> None:
    run = web(build)
    assert rules(run, EGRESS) == {
        "api-aws-apis-out": ("api-task-id", "shop-endpoints-id", 443),
        "api-s3-out": ("api-task-id", "pl-0123456789abcdef0", 443),
        "api-database-5432-out": ("api-task-id", "sg-database", 5432),
        "api-load-balancer-8000-out": ("shop-load-balancer-id", "api-task-id", 8000),
    }
    assert rules(run, INGRESS) == {
        "api-database-5432-in": ("sg-database", "api-task-id", 5432),
        "api-load-balancer-8000-in": ("api-task-id", "shop-load-balancer-id", 8000),
    }


def test_the_internet_only_where_it_is_asked_for(build: Build) -> None:
    run = web(build, internet_access=True)
    assert rules(run, EGRESS)["api-internet-out"] == ("api-task-id", "0.0.0.0/0", 443)


def test_one_door_for_two_links(build: Build) -> None:
    group = "sg-shared"
    links = [Link(name=name, ports=[Port(security_group_id=group, port=6379)]) for name in ("read", "write")]
    assert [name for name in rules(web(build, links=links), INGRESS) if "6379" in name] == [
        "api-read-6379-in"
    ]


def test_route(build: Build, one: Any) -> None:
    run = build(paths=["/b/*", "/a/*"], hosts=["shop.example.com"], port=8000)
    for name, listener, colour in (("rule", "shop-http", "blue"), ("test-rule", "shop-test", "green")):
        rule = one(run, RULE, f"api-{name}")
        assert rule.inputs["listenerArn"] == f"arn:aws:lb:{REGION}:{ACCOUNT}:listener/{listener}"
        assert rule.inputs["conditions"] == [
            {"hostHeader": {"values": ["shop.example.com"]}},
            {"pathPattern": {"values": ["/a/*", "/b/*"]}},
        ]
        targets = f"arn:aws:lb:{REGION}:{ACCOUNT}:targetgroup/api-{colour}"
        assert rule.inputs["actions"] == [{"type": "forward", "targetGroupArn": targets}]
        assert "transforms" not in rule.inputs
        assert rule.options.ignore_changes == ("actions",)  # ECS owns whither
        group = one(run, "aws:lb/targetGroup:TargetGroup", f"api-{colour}").inputs
        assert (group["targetType"], group["port"], group["deregistrationDelay"]) == ("ip", 80, 30)
        assert (group["healthCheck"]["path"], group["healthCheck"]["matcher"]) == ("/healthz", "200")
        assert group["stickiness"] == {"type": "lb_cookie", "enabled": False}


def test_spot(build: Build, one: Any) -> None:
    service = one(build("worker", spot_weight=50), SERVICE, "worker-service").inputs
    assert [s["capacityProvider"] for s in service["capacityProviderStrategies"]] == [
        "FARGATE",
        "FARGATE_SPOT",
    ]


def plain(**environment: Any) -> Link:
    return Link(name="other", environment=environment)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"cpu": 300}, "cpu is 300; Fargate has 256, 512, 1024, 2048, 4096, 8192, 16384"),
        ({"cpu": 256, "memory_mib": 4096}, "memory_mib is 4096 with cpu 256; Fargate has 512, 1024, 2048"),
        ({"stop_timeout_seconds": 121}, "stop_timeout_seconds is 121; Fargate takes 2 to 120"),
        ({"port": 80}, "port is 80; it is not root and may have 1024 to 65535"),
        ({"user": "root"}, "user is 'root'; give a number"),
        ({"user": "0:0"}, "user is '0:0'; give a number"),
        ({"paths": ["/api/*"]}, r"route /api/\* needs a port to send to; give port"),
        ({"nat": "none", "internet_access": True}, "internet_access needs a NAT gateway, and nat is none"),
        ({"links": ["database"]}, r"links has a str, which has no door; .* database.link\(\)"),
        ({"links": [queue, queue]}, "link 'fulfilment' is given twice"),
        (
            {"links": [queue, plain(FULFILMENT_QUEUE_URL="x")]},
            "variable FULFILMENT_QUEUE_URL is given by link 'fulfilment' and by link 'other'",
        ),
        (
            {"port": 8000, "environment": {"PORT": "1"}},
            "variable PORT is given by the task itself and by its port 8000",
        ),
        (
            {"environment": {"A": "1"}, "secrets": {"A": SecretValue(arn=SECRET)}},
            "variable A is given by the task itself and by the task itself",
        ),
        (
            {"environment": {"DB_PASSWORD": "x"}},
            "DB_PASSWORD of the task itself is in environment, .* secrets",
        ),
        ({"links": [plain(TOKEN="x")]}, "TOKEN of link 'other' is in environment"),
        ({"environment": {"A": 1}}, "variable A of the task itself is 1; give text, '1'"),
        ({"environment": {"A-B": "1"}}, "'A-B' of the task itself is no environment variable"),
        ({"name": "w" * 42}, "the name has 42 characters, at most 41 fit, for a role's name has 64"),
        ({"name": "Worker"}, "task 'Worker': a name has a-z, 0-9 and single hyphens between"),
        (
            {"name": "a-service-of-19-chr", "port": 8000, "paths": ["/a"]},
            "service 'a-service-of-19-chr': the name has 19 characters, at most 18",
        ),
        (
            {"deployment": Deployment(strategy="canary")},
            "strategy canary shifts the requests of a route of its own, and this service has none",
        ),
        (
            {"scaling": Scaling(requests_per_target=100)},
            "requests_per_target counts the requests of a route, and there is none",
        ),
        (
            {"port": 8000, "paths": ["/a"], "port_protocol": "udp"},
            "route /a sends tcp and port_protocol is udp; give port_protocol tcp",
        ),
    ],
)
def test_refuses_what_cannot_work(arguments: Any, message: str, build: Build) -> None:
    with pytest.raises(pulumi.RunError, match=message) as refusal:
        build(**arguments)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(("cpu", "memory"), [(c, m) for c, ms in FARGATE_MEMORY_MIB.items() for m in ms][::7])
def test_takes_what_fargate_has(cpu: int, memory: int, build: Build, one: Any) -> None:
    definition = one(build("worker", cpu=cpu, memory_mib=memory), TASK, "worker-task").inputs
    assert (definition["cpu"], definition["memory"]) == (str(cpu), str(memory))


def test_refuses_an_architecture_that_the_image_is_not_built_for(foundation: Any, source: Any) -> None:
    def program() -> None:
        base = foundation()
        image = Image("web", ImageArgs(context=str(source), source="build", key=base.key))
        FargateServiceArgs(cluster=base.cluster, image=image, architecture="ARM64")

    with pytest.raises(pulumi.RunError, match="architecture ARM64 runs linux/arm64, the image is built for"):
        record(program)
