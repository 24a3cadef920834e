"""Programs become resources in the emulator, as boto3 and HTTP see them; what is refused is one line."""

import json
import re
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import asyncpg
import httpx
import pytest
import redis

from localcloud import recorded
from localcloud.deploy import Deployment, Event, deploy
from localcloud.emulator import Emulator
from localcloud.errors import LocalCloudError
from localcloud.ports import free_port
from operations.stack_file import ROOT

REGION = "eu-west-1"
TAGS = {"project": "causeway", "environment": "test"}

Deploy = Callable[..., Deployment]


@pytest.fixture(scope="session")
def stack(local: SimpleNamespace) -> Iterator[Deployment]:
    """The whole `local` stack, deployed once."""
    return deploy("local", endpoint=local.endpoint, servers=local.servers)


@pytest.fixture
def program(local: SimpleNamespace, tmp_path: Path) -> Deploy:
    """Deploy a program of a few lines: `program("...", endpoint=..., report=...)`."""

    def run(source: str, *, config: dict[str, str] | None = None, **options: Any) -> Deployment:
        (tmp_path / "platform").mkdir(exist_ok=True)
        lines = ["import pulumi", "from pulumi_aws import cloudfront, ec2, iam, kms, sns, sqs, wafv2"]
        main = "\n".join(lines) + "\n" + textwrap.dedent(source)
        (tmp_path / "platform" / "__main__.py").write_text(main, encoding="utf-8")
        (tmp_path / "Pulumi.yaml").write_text("name: causeway\nruntime: python\n", encoding="utf-8")
        values = {"aws:region": REGION, "aws:defaultTags": json.dumps({"tags": TAGS}), **(config or {})}
        options = {"endpoint": local.endpoint, **options}
        return deploy("test", servers=local.servers, config=values, root=tmp_path, **options)

    return run


def client(local: SimpleNamespace, service: str, region: str = REGION) -> Any:
    return local.clients.get(service, region)


def tags(pairs: list[dict[str, str]]) -> dict[str, str]:
    return {pair["Key"]: pair["Value"] for pair in pairs}


# The whole stack.


def test_every_registration_is_made_and_none_is_empty(stack: Deployment):
    assert len(stack.resources) > 200
    empty = re.compile(r"\bNone\b|\bOutput\b|calling __str__|\[secret\]")
    for resource in stack.resources:
        assert not empty.search(json.dumps(resource.inputs, default=repr)), resource.name


def test_only_what_the_table_lists_is_recorded(stack: Deployment):
    made = {(call.type, call.operation) for call in stack.recorded}
    listed = {(row.type, row.operation) for row in recorded.rows()}
    assert made
    assert made <= listed


def test_the_table_of_the_documentation_is_the_list():
    assert recorded.table() in (ROOT / "docs" / "local-cloud.md").read_text(encoding="utf-8")


def test_the_vpc_is_as_configured_and_tagged(stack: Deployment, local: SimpleNamespace):
    ec2 = client(local, "ec2")
    named = {"Name": "tag:project", "Values": ["causeway"]}
    local_stack = {"Name": "tag:environment", "Values": ["local"]}
    vpcs = ec2.describe_vpcs(Filters=[named, local_stack])["Vpcs"]
    assert [vpc["CidrBlock"] for vpc in vpcs] == ["10.10.0.0/16"]
    mine = {"Name": "vpc-id", "Values": [vpcs[0]["VpcId"]]}
    answer = ec2.describe_vpc_attribute(VpcId=vpcs[0]["VpcId"], Attribute="enableDnsHostnames")
    assert answer["EnableDnsHostnames"]["Value"] is True
    assert len(ec2.describe_subnets(Filters=[mine])["Subnets"]) == 6
    group_name = {"Name": "group-name", "Values": ["default"]}
    default = ec2.describe_security_groups(Filters=[mine, group_name])["SecurityGroups"]
    assert [(group["IpPermissions"], group["IpPermissionsEgress"]) for group in default] == [([], [])]


def test_no_security_group_keeps_the_egress_that_aws_gives(stack: Deployment, local: SimpleNamespace):
    ids = {resource.inputs.get("vpcId") for resource in stack.resources} - {None}
    mine = {"Name": "vpc-id", "Values": sorted(ids)}
    groups = client(local, "ec2").describe_security_groups(Filters=[mine])["SecurityGroups"]
    assert len(groups) > 3
    everywhere = [
        group["GroupName"]
        for group in groups
        for permission in group["IpPermissionsEgress"]
        if permission["IpProtocol"] == "-1"
    ]
    assert everywhere == []


def test_topic_queue_and_subscription_have_their_attributes(stack: Deployment, local: SimpleNamespace):
    sqs, sns = client(local, "sqs"), client(local, "sns")
    url = stack.outputs["queue_urls"]["fulfilment"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert re.fullmatch(r".*:fulfilment-queue-[0-9a-f]{7}\.fifo", attributes["QueueArn"])
    assert attributes["FifoQueue"] == "true"
    assert json.loads(attributes["RedrivePolicy"])["maxReceiveCount"] == 5
    assert "Statement" in json.loads(attributes["Policy"])
    topic = stack.outputs["orders_topic_arn"]
    assert sns.get_topic_attributes(TopicArn=topic)["Attributes"]["FifoTopic"] == "true"
    subscriptions = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    assert attributes["QueueArn"] in {one["Endpoint"] for one in subscriptions}


async def test_the_database_opens_with_its_managed_password(stack: Deployment, local: SimpleNamespace):
    services = client(local, "ecs").describe_services(
        cluster=stack.outputs["cluster"], services=[stack.outputs["services"]["api"]]
    )["services"]
    definition = client(local, "ecs").describe_task_definition(taskDefinition=services[0]["taskDefinition"])
    container = definition["taskDefinition"]["containerDefinitions"][0]
    environment = {one["name"]: one["value"] for one in container["environment"]}
    secret = client(local, "secretsmanager").get_secret_value(SecretId=environment["DATABASE_SECRET_ARN"])
    password = json.loads(secret["SecretString"])["password"]
    assert (environment["DATABASE_HOST"], environment["DATABASE_PORT"]) == (
        local.servers.postgres.host,
        str(local.servers.postgres.port),
    )
    connection = await asyncpg.connect(
        host=environment["DATABASE_HOST"],
        port=int(environment["DATABASE_PORT"]),
        user=environment["DATABASE_USER"],
        database=environment["DATABASE_NAME"],
        password=password,
    )
    try:
        assert await connection.fetchval("select current_user") == "shop_owner"
    finally:
        await connection.close()


def test_the_cache_takes_its_user_and_no_other(stack: Deployment, local: SimpleNamespace):
    secrets = client(local, "secretsmanager")
    name = next(
        one["Name"]
        for one in secrets.list_secrets()["SecretList"]
        if one["Name"].startswith("shop-cache-cache-password")
    )
    password = secrets.get_secret_value(SecretId=name)["SecretString"]
    server = local.servers.valkey
    with redis.Redis(host=server.host, port=server.port, username="app", password=password) as cache:
        assert cache.set("key", "value")
        with pytest.raises(redis.exceptions.NoPermissionError):
            cache.config_get("*")
    with (
        redis.Redis(host=server.host, port=server.port) as anonymous,
        pytest.raises(redis.exceptions.AuthenticationError),
    ):
        anonymous.ping()


def test_the_image_of_a_task_is_known_by_its_folder(stack: Deployment, local: SimpleNamespace):
    ecs = client(local, "ecs")
    services = ecs.describe_services(
        cluster=stack.outputs["cluster"], services=list(stack.outputs["services"].values())
    )["services"]
    assert len(services) == 2
    for service in services:
        assert service["deploymentConfiguration"]["deploymentCircuitBreaker"]["rollback"] is True
        definition = ecs.describe_task_definition(taskDefinition=service["taskDefinition"])
        image = definition["taskDefinition"]["containerDefinitions"][0]["image"]
        assert stack.images[image] == str(ROOT / "app" / "api")


def test_the_distribution_serves_the_site(stack: Deployment, local: SimpleNamespace):
    distribution = client(local, "cloudfront").get_distribution(Id=stack.outputs["distribution_id"])
    headers = {"Host": distribution["Distribution"]["DomainName"], "X-Forwarded-Proto": "https"}
    page = httpx.get(f"{local.endpoint}/", headers=headers)
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    assert page.content == (ROOT / "app" / "web" / "index.html").read_bytes()
    assert "default-src 'self'" in page.headers["content-security-policy"]
    view = httpx.get(f"{local.endpoint}/orders/1", headers=headers)
    assert (view.status_code, view.content) == (200, page.content)


def test_no_secret_is_in_the_outputs(stack: Deployment, local: SimpleNamespace):
    manager = client(local, "secretsmanager")
    values = [
        manager.get_secret_value(SecretId=one["ARN"])["SecretString"]
        for one in manager.list_secrets()["SecretList"]
    ]
    assert len(values) >= 3
    told = json.dumps([stack.outputs, stack.images, [vars(call) for call in stack.recorded]], default=repr)
    assert not [value for value in values if value in told]


# What the provider does beside the API.


def test_names_tags_and_regions_are_the_providers(program: Deploy, local: SimpleNamespace):
    events: list[Event] = []
    made = program(
        """
        topic = sns.Topic("orders", fifo_topic=True, tags={"environment": "own"})
        named = sqs.Queue("jobs", name="exactly-this")
        prefixed = sqs.Queue("other", name_prefix="begins-")
        key = kms.Key("edge", region="us-east-1")
        pulumi.export("topic", topic.arn)
        pulumi.export("name", topic.name)
        pulumi.export("tags", topic.tags_all)
        pulumi.export("queues", [named.name, prefixed.name])
        pulumi.export("key", key.arn)
        pulumi.export("secret", pulumi.Output.secret("hunter2"))
        """,
        report=events.append,
    )
    assert re.fullmatch(r"orders-[0-9a-f]{7}\.fifo", made.outputs["name"])
    assert made.outputs["topic"].endswith(f":{REGION}:{local.account}:{made.outputs['name']}")
    assert made.outputs["tags"] == {"project": "causeway", "environment": "own"}
    answer = client(local, "sns").list_tags_for_resource(ResourceArn=made.outputs["topic"])
    assert tags(answer["Tags"]) == made.outputs["tags"]
    assert made.outputs["queues"][0] == "exactly-this"
    assert re.fullmatch(r"begins-[0-9a-f]{26}", made.outputs["queues"][1])
    assert made.outputs["key"].startswith("arn:aws:kms:us-east-1:")
    assert made.outputs["secret"] == "[secret]"
    assert sorted((event.name, event.action) for event in events) == [
        ("edge", "created"),
        ("jobs", "created"),
        ("orders", "created"),
        ("other", "created"),
    ]


def test_a_recorded_call_is_kept_and_not_sent(program: Deploy, local: SimpleNamespace):
    events: list[Event] = []
    source = """
        vpc = ec2.Vpc("net", cidr_block="10.9.0.0/16")
        nat = ec2.NatGateway("nat", availability_mode="regional", vpc_id=vpc.id)
        pulumi.export("nat", nat.id)
        pulumi.export("vpc", vpc.id)
    """
    made = program(source, report=events.append)
    assert [(call.name, call.operation) for call in made.recorded] == [("nat", "ec2.create_nat_gateway")]
    assert {event.name: event.action for event in events} == {"net": "created", "nat": "recorded"}
    mine = [{"Name": "vpc-id", "Values": [made.outputs["vpc"]]}]
    assert client(local, "ec2").describe_nat_gateways(Filters=mine)["NatGateways"] == []


# Refusals: one line each.


def refused(program: Deploy, source: str, **options: Any) -> str:
    with pytest.raises(LocalCloudError) as error:
        program(source, **options)
    message = str(error.value)
    assert "\n" not in message
    return message


def test_an_unknown_type_is_named(program: Deploy):
    message = refused(
        program, 'pulumi.CustomResource("x", "odd", {})'.replace('"x", "odd"', '"aws:x/y:Y", "odd"')
    )
    assert message.startswith("odd (aws:x/y:Y): the local cloud does not know this")


def test_an_unknown_function_is_named(program: Deploy):
    message = refused(program, 'pulumi.runtime.invoke("aws:x/y:getY", {})')
    assert message.startswith("function (aws:x/y:getY): the local cloud does not know it")


def test_what_exists_already_cannot_be_read(program: Deploy):
    message = refused(program, 'sqs.Queue.get("old", "https://sqs.eu-west-1.amazonaws.com/1/old")')
    assert message.startswith("old (aws:sqs/queue:Queue): the local cloud starts empty: there is no https://")


def test_one_name_in_two_components_is_two_resources(program: Deploy):
    made = program(
        """
        class Part(pulumi.ComponentResource):
            def __init__(self, name):
                super().__init__("test:index:Part" if name == "a" else "test:index:Other", name)
        queues = [sqs.Queue("jobs", opts=pulumi.ResourceOptions(parent=Part(name))) for name in ("a", "b")]
        pulumi.export("names", pulumi.Output.all(*[queue.name for queue in queues]))
        """
    )
    assert len(set(made.outputs["names"])) == 2


def test_an_input_that_reaches_no_operation_is_named(program: Deploy):
    message = refused(program, 'pulumi.CustomResource("aws:sqs/queue:Queue", "jobs", {"visibilty": 30})')
    assert message.startswith("jobs (aws:sqs/queue:Queue): the local cloud passes input 'visibilty'")


def test_a_wrong_parameter_of_a_recorded_call_fails(program: Deploy):
    message = refused(
        program, 'wafv2.WebAclLoggingConfiguration("log", resource_arn="x", log_destination_configs=[])'
    )
    assert message.startswith("log (aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration): ")
    assert "ResourceArn" in message


def test_a_refusal_of_the_api_has_its_message_and_no_secret(program: Deploy):
    source = """
        secret = pulumi.Output.secret("arn:aws:sns:eu-west-1:000000000000:hunter2")
        sns.TopicSubscription("feed", topic=secret, protocol="sqs", endpoint="arn:aws:sqs:eu-west-1:1:q")
    """
    message = refused(program, source)
    assert message.startswith("feed (aws:sns/topicSubscription:TopicSubscription): Subscribe: NotFound: ")
    assert "hunter2" not in message


def test_nothing_more_is_made_after_a_failure(program: Deploy, local: SimpleNamespace):
    source = """
        bad = kms.Alias("alias", name="alias/x", target_key_id="no-such-key")
        sqs.Queue("never", name="never-made", opts=pulumi.ResourceOptions(depends_on=[bad]))
    """
    assert refused(program, source).startswith("alias (aws:kms/alias:Alias): CreateAlias: ")
    queues = client(local, "sqs").list_queues(QueueNamePrefix="never-made")
    assert queues.get("QueueUrls", []) == []


def test_a_name_over_the_limit_is_refused(program: Deploy):
    message = refused(program, f'sqs.Queue("{"q" * 73}")')
    assert "is longer than 80 characters" in message


def test_an_error_of_the_programs_user_is_its_line(program: Deploy):
    assert refused(program, 'raise pulumi.RunError("api:cpu is 3")') == "api:cpu is 3"


def test_another_account_is_refused(program: Deploy):
    message = refused(program, "", config={"aws:allowedAccountIds": '["999999999999"]'})
    assert "aws:allowedAccountIds is 999999999999" in message


def test_an_unknown_stack_is_named(local: SimpleNamespace):
    with pytest.raises(LocalCloudError, match=r"stack 'nowhere' has no file Pulumi\.nowhere\.yaml"):
        deploy("nowhere", endpoint=local.endpoint, servers=local.servers)


def test_an_emulator_that_dies_in_mid_deploy_is_one_line(program: Deploy, local: SimpleNamespace):
    emulator = Emulator.start(
        local.processes,
        port=free_port(),
        account=local.account,
        region=REGION,
        folder=local.folder / "dying",
        logs=local.logs,
    )
    emulator.wait()
    source = """
        first = sqs.Queue("first")
        sqs.Queue("second", opts=pulumi.ResourceOptions(depends_on=[first]))
    """
    message = refused(
        program, source, endpoint=emulator.endpoint, report=lambda event: emulator.process.popen.kill()
    )
    assert message == (
        f"second (aws:sqs/queue:Queue): the emulator at {emulator.endpoint} no longer answers; "
        "nothing more was deployed"
    )


def test_no_emulator_is_one_line(program: Deploy):
    endpoint = f"http://127.0.0.1:{free_port()}"
    assert refused(program, "", endpoint=endpoint) == f"the emulator at {endpoint} does not answer"
