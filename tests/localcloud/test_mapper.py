"""Inputs as Pulumi names them become parameters as botocore's shapes want them, or an error."""

from typing import Any

import botocore.session
import pytest

from localcloud.cloud import SECRET, SIGNATURE, mask, unwrap
from localcloud.kind import expand
from localcloud.mapper import MappingError, camel, find_member, parameters, plain

SESSION = botocore.session.Session()


def shape(operation: str) -> Any:
    service, name = operation.split(".")
    return SESSION.get_service_model(service).operation_model(name).input_shape


def mapped(operation: str, inputs: dict[str, Any], renames: dict[str, str] | None = None) -> dict[str, Any]:
    result, taken = parameters(shape(operation), inputs, renames or {})
    assert taken == set(inputs), "an input reached no member"
    return result


def test_names_differ_in_case_and_number_only():
    result = mapped(
        "rds.CreateDBCluster",
        {"dbSubnetGroupName": "data", "vpcSecurityGroupIds": ["sg-1"], "kmsKeyId": "key", "engine": "e"},
    )
    assert result == {
        "DBSubnetGroupName": "data",
        "VpcSecurityGroupIds": ["sg-1"],
        "KmsKeyId": "key",
        "Engine": "e",
    }


def test_an_exact_name_wins_over_the_singular():
    vpc_endpoint = shape("ec2.CreateVpcEndpoint")
    assert find_member(vpc_endpoint, "subnetIds") == "SubnetIds"
    assert find_member(vpc_endpoint, "subnetConfiguration") == "SubnetConfigurations"


def test_an_input_that_no_member_takes_is_left():
    result, taken = parameters(shape("ec2.CreateVpc"), {"cidrBlock": "10.0.0.0/16", "cidrBlok": "x"}, {})
    assert result == {"CidrBlock": "10.0.0.0/16"}
    assert taken == {"cidrBlock"}


def test_a_nested_input_that_no_member_takes_is_an_error_that_names_its_path():
    with pytest.raises(MappingError, match=r"input 'settings\.vale' has no place in ClusterSetting"):
        mapped("ecs.CreateCluster", {"settings": [{"name": "containerInsights", "vale": "enhanced"}]})


def test_nothing_is_sent_for_none():
    assert mapped("ecs.CreateCluster", {"configuration": {"managedStorageConfiguration": None}}) == {
        "configuration": {}
    }


def test_renames_go_by_path_and_may_nest():
    result = mapped(
        "cloudfront.CreateFunction",
        {"name": "f", "code": "function handler() {}", "runtime": "cloudfront-js-2.0", "comment": ""},
        {"code": "FunctionCode", "runtime": "FunctionConfig.Runtime", "comment": "FunctionConfig.Comment"},
    )
    assert result == {
        "Name": "f",
        "FunctionCode": b"function handler() {}",
        "FunctionConfig": {"Runtime": "cloudfront-js-2.0", "Comment": ""},
    }


@pytest.mark.parametrize(
    ("operation", "inputs", "expected"),
    [
        pytest.param(
            "elbv2.CreateTargetGroup",
            {"name": "t", "port": 8000.0, "healthCheckEnabled": "true"},
            {"Name": "t", "Port": 8000, "HealthCheckEnabled": True},
            id="whole floats are integers, texts are booleans",
        ),
        pytest.param(
            "rds.CreateDBCluster",
            {"serverlessv2ScalingConfiguration": {"minCapacity": 0.5, "maxCapacity": 4.0}},
            {"ServerlessV2ScalingConfiguration": {"MinCapacity": 0.5, "MaxCapacity": 4.0}},
            id="floats stay floats",
        ),
        pytest.param(
            "ec2.ModifyVpcAttribute",
            {"enableDnsHostnames": True},
            {"EnableDnsHostnames": {"Value": True}},
            id="a value is put into a structure of one member",
        ),
        pytest.param(
            "ecr.CreateRepository",
            {"encryptionConfigurations": [{"encryptionType": "KMS", "kmsKey": "arn"}]},
            {"encryptionConfiguration": {"encryptionType": "KMS", "kmsKey": "arn"}},
            id="a list of one is a structure",
        ),
        pytest.param(
            "ec2.CreateFlowLogs",
            {"resourceIds": "vpc-1"},
            {"ResourceIds": ["vpc-1"]},
            id="a value is a list of one",
        ),
        pytest.param(
            "iam.CreateRole",
            {"tags": {"project": "causeway"}},
            {"Tags": [{"Key": "project", "Value": "causeway"}]},
            id="a mapping is a list of pairs",
        ),
        pytest.param(
            "cloudfront.CreateDistribution",
            {"distributionConfig": {"aliases": ["a.example.com", "b.example.com"], "origins": []}},
            {
                "DistributionConfig": {
                    "Aliases": {"Quantity": 2, "Items": ["a.example.com", "b.example.com"]},
                    "Origins": {"Quantity": 0},
                }
            },
            id="CloudFront counts its lists",
        ),
        pytest.param(
            "cloudfront.CreateFunction",
            {"tags": {"project": "causeway"}},
            {"Tags": {"Items": [{"Key": "project", "Value": "causeway"}]}},
            id="CloudFront wraps its tags",
        ),
    ],
)
def test_values_get_the_form_of_their_shape(
    operation: str, inputs: dict[str, Any], expected: dict[str, Any]
) -> None:
    assert mapped(operation, inputs) == expected


@pytest.mark.parametrize(
    ("operation", "inputs", "message"),
    [
        ("elbv2.CreateTargetGroup", {"port": 80.5}, "input 'port' is 80.5 where a whole number is wanted"),
        ("elbv2.CreateTargetGroup", {"port": "http"}, "input 'port' is not a number"),
        ("elbv2.CreateTargetGroup", {"name": ["a"]}, "input 'name' is a list where string is wanted"),
        ("elbv2.CreateTargetGroup", {"name": object()}, "input 'name' is a object where string is wanted"),
        ("sqs.CreateQueue", {"attributes": "x"}, "input 'attributes' is a string where a mapping is wanted"),
        (
            "ecr.CreateRepository",
            {"encryptionConfiguration": [{"encryptionType": "KMS"}, {"encryptionType": "AES256"}]},
            "input 'encryptionConfiguration' is a list where EncryptionConfiguration is wanted",
        ),
    ],
)
def test_values_that_do_not_fit_are_refused(operation: str, inputs: dict[str, Any], message: str) -> None:
    with pytest.raises(MappingError) as error:
        mapped(operation, inputs)
    assert str(error.value) == message


def test_members_become_outputs_by_their_name():
    assert [camel(name) for name in ("VpcId", "ARN", "DBClusterIdentifier", "DNSName", "dnsName")] == [
        "vpcId",
        "arn",
        "dbClusterIdentifier",
        "dnsName",
        "dnsName",
    ]


def test_templates_give_values_and_texts():
    scope = {"id": "vpc-1", "port": 5432, "Vpc": {"Parts": [{"Name": "first"}]}}
    assert expand("{port}", scope) == 5432
    assert expand("vpc/{id}/{Vpc.Parts.0.Name}", scope) == "vpc/vpc-1/first"
    assert expand(["{id}"], scope) == ["vpc-1"]
    with pytest.raises(KeyError):
        expand("{missing}", scope)


def test_whole_floats_are_integers_again():
    assert plain({"a": [1.0, 1.5, True, "1"]}) == {"a": [1, 1.5, True, "1"]}
    assert repr(plain([1.0])) == "[1]"


def test_secrets_are_unwrapped_and_masked():
    wrapped = {SIGNATURE: SECRET, "value": {"passwords": ["hunter2-first", "hunter2-first-and-longer"]}}
    secrets: set[str] = set()
    bare = unwrap({"authenticationMode": wrapped, "userName": "app"}, secrets)
    assert bare == {
        "authenticationMode": {"passwords": ["hunter2-first", "hunter2-first-and-longer"]},
        "userName": "app",
    }
    assert secrets == {"hunter2-first", "hunter2-first-and-longer"}
    message = mask("bad:\n  'hunter2-first-and-longer' or hunter2-first of app", secrets)
    assert message == "bad: '[secret]' or [secret] of app"
