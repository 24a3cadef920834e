"""What `pulumi up` of this platform may do in AWS: exact actions, on this account's and region's ARNs.

`*` stands in place of a resource only where AWS knows no ARN for the action (descriptions, mostly):
https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

from collections.abc import Mapping, Sequence

Statement = Mapping[str, object]
Statements = Sequence[Statement]

EDGE_REGION = "us-east-1"
"""Where AWS wants whatever belongs to CloudFront."""


def policies(
    account_id: str, region: str, *, hosted_zone_id: str | None, state_bucket: str | None
) -> Mapping[str, Statements]:
    """The statements of each policy, by name; AWS takes 6,144 characters in each."""
    here = f"{region}:{account_id}"
    return {
        "network": _network(here, region),
        "compute": _compute(here),
        "data": _data(here),
        "storage": _storage(here, account_id, state_bucket),
        "edge": _edge(here, account_id, hosted_zone_id),
    }


def _network(here: str, region: str) -> Statements:
    return [
        allow(
            "ec2",
            """AllocateAddress AssociateRouteTable AttachInternetGateway AuthorizeSecurityGroupEgress
            AuthorizeSecurityGroupIngress CreateFlowLogs CreateInternetGateway CreateNatGateway
            CreateRoute CreateRouteTable CreateSecurityGroup CreateSubnet CreateTags CreateVpc
            CreateVpcEndpoint DeleteFlowLogs DeleteInternetGateway DeleteNatGateway DeleteRoute
            DeleteRouteTable DeleteSecurityGroup DeleteSubnet DeleteTags DeleteVpc DeleteVpcEndpoints
            DetachInternetGateway DisassociateAddress DisassociateRouteTable ModifySecurityGroupRules
            ModifySubnetAttribute ModifyVpcAttribute ModifyVpcEndpoint ReleaseAddress ReplaceRoute
            ReplaceRouteTableAssociation RevokeSecurityGroupEgress RevokeSecurityGroupIngress
            UpdateSecurityGroupRuleDescriptionsEgress UpdateSecurityGroupRuleDescriptionsIngress""",
            f"arn:aws:ec2:{here}:*/*",
        ),
        allow(
            "ec2",
            """DescribeAccountAttributes DescribeAddresses DescribeAddressesAttribute
            DescribeAvailabilityZones DescribeFlowLogs DescribeInternetGateways DescribeManagedPrefixLists
            DescribeNatGateways DescribeNetworkAcls DescribeNetworkInterfaces DescribePrefixLists
            DescribeRouteTables DescribeSecurityGroupRules DescribeSecurityGroups DescribeSubnets
            DescribeVpcAttribute DescribeVpcEndpoints DescribeVpcEndpointServices DescribeVpcs""",
            "*",
        ),
        allow("ec2", "GetManagedPrefixListEntries", f"arn:aws:ec2:{region}:aws:prefix-list/*"),
        # The private names of interface endpoints.
        allow(
            "route53",
            "AssociateVPCWithHostedZone",
            "arn:aws:route53:::hostedzone/*",
            f"arn:aws:ec2:{here}:vpc/*",
        ),
    ]


def _compute(here: str) -> Statements:
    return [
        allow(
            "ecs",
            """CreateCluster CreateService DeleteCluster DeleteService DescribeClusters
            DescribeServiceDeployments DescribeServices DescribeTasks ListServiceDeployments
            ListTagsForResource ListTasks PutClusterCapacityProviders RegisterTaskDefinition TagResource
            UntagResource UpdateCluster UpdateClusterSettings UpdateService""",
            f"arn:aws:ecs:{here}:*",
        ),
        allow("ecs", "DeregisterTaskDefinition DescribeTaskDefinition", "*"),
        allow(
            "ecr",
            """BatchCheckLayerAvailability BatchGetImage CompleteLayerUpload CreateRepository
            DeleteLifecyclePolicy DeleteRepository DeleteRepositoryPolicy DescribeImages
            DescribeRepositories GetDownloadUrlForLayer GetLifecyclePolicy GetRepositoryPolicy
            InitiateLayerUpload ListTagsForResource PutImage PutImageScanningConfiguration
            PutImageTagMutability PutLifecyclePolicy SetRepositoryPolicy TagResource UntagResource
            UploadLayerPart""",
            f"arn:aws:ecr:{here}:repository/*",
        ),
        allow("ecr", "GetAuthorizationToken", "*"),
        allow(
            "elasticloadbalancing",
            """AddTags CreateListener CreateLoadBalancer CreateRule CreateTargetGroup DeleteListener
            DeleteLoadBalancer DeleteRule DeleteTargetGroup ModifyListener ModifyListenerAttributes
            ModifyLoadBalancerAttributes ModifyRule ModifyTargetGroup ModifyTargetGroupAttributes
            RemoveTags SetIpAddressType SetRulePriorities SetSecurityGroups SetSubnets""",
            f"arn:aws:elasticloadbalancing:{here}:*",
        ),
        allow(
            "elasticloadbalancing",
            """DescribeCapacityReservation DescribeListenerAttributes DescribeListeners
            DescribeLoadBalancerAttributes DescribeLoadBalancers DescribeRules DescribeTags
            DescribeTargetGroupAttributes DescribeTargetGroups DescribeTargetHealth""",
            "*",
        ),
        allow(
            "application-autoscaling",
            """DeleteScalingPolicy DeregisterScalableTarget ListTagsForResource PutScalingPolicy
            RegisterScalableTarget TagResource UntagResource""",
            f"arn:aws:application-autoscaling:{here}:scalable-target/*",
        ),
        allow("application-autoscaling", "DescribeScalableTargets DescribeScalingPolicies", "*"),
        allow(
            "cloudwatch",
            "DeleteAlarms DescribeAlarms ListTagsForResource PutMetricAlarm TagResource UntagResource",
            f"arn:aws:cloudwatch:{here}:alarm:*",
        ),
    ]


def _data(here: str) -> Statements:
    return [
        allow(
            "rds",
            """AddTagsToResource CreateDBCluster CreateDBClusterParameterGroup CreateDBClusterSnapshot
            CreateDBInstance CreateDBSubnetGroup DeleteDBCluster DeleteDBClusterParameterGroup
            DeleteDBInstance DeleteDBSubnetGroup DescribeDBClusterParameterGroups
            DescribeDBClusterParameters DescribeDBClusters DescribeDBInstances DescribeDBSubnetGroups
            ListTagsForResource ModifyDBCluster ModifyDBClusterParameterGroup ModifyDBInstance
            ModifyDBSubnetGroup RemoveTagsFromResource ResetDBClusterParameterGroup""",
            f"arn:aws:rds:{here}:*",
        ),
        allow("rds", "DescribeDBEngineVersions DescribeGlobalClusters", "*"),
        allow(
            "elasticache",
            """AddTagsToResource CreateCacheParameterGroup CreateCacheSubnetGroup CreateReplicationGroup
            CreateSnapshot CreateUser CreateUserGroup DecreaseReplicaCount DeleteCacheParameterGroup
            DeleteCacheSubnetGroup DeleteReplicationGroup DeleteUser DeleteUserGroup DescribeCacheClusters
            DescribeCacheParameterGroups DescribeCacheParameters DescribeCacheSubnetGroups
            DescribeReplicationGroups DescribeUserGroups DescribeUsers IncreaseReplicaCount
            ListTagsForResource ModifyCacheParameterGroup ModifyCacheSubnetGroup ModifyReplicationGroup
            ModifyReplicationGroupShardConfiguration ModifyUser ModifyUserGroup RemoveTagsFromResource
            ResetCacheParameterGroup""",
            f"arn:aws:elasticache:{here}:*",
        ),
        allow(
            "sns",
            """CreateTopic DeleteTopic GetDataProtectionPolicy GetTopicAttributes ListSubscriptionsByTopic
            ListTagsForResource SetTopicAttributes Subscribe TagResource UntagResource""",
            f"arn:aws:sns:{here}:*",
        ),
        allow("sns", "GetSubscriptionAttributes SetSubscriptionAttributes Unsubscribe", "*"),
        allow(
            "sqs",
            """CreateQueue DeleteQueue GetQueueAttributes GetQueueUrl ListQueueTags SetQueueAttributes
            TagQueue UntagQueue""",
            f"arn:aws:sqs:{here}:*",
        ),
        allow(
            "secretsmanager",
            """CreateSecret DeleteResourcePolicy DeleteSecret DescribeSecret GetResourcePolicy
            GetSecretValue PutResourcePolicy PutSecretValue RotateSecret TagResource UntagResource
            UpdateSecret UpdateSecretVersionStage ValidateResourcePolicy""",
            f"arn:aws:secretsmanager:{here}:secret:*",
        ),
    ]


def _storage(here: str, account_id: str, state_bucket: str | None) -> Statements:
    edge = f"{EDGE_REGION}:{account_id}"
    state = [f"arn:aws:s3:::{state_bucket}", f"arn:aws:s3:::{state_bucket}/*"] if state_bucket else []
    return [
        allow(
            "s3",
            """AbortMultipartUpload CreateBucket DeleteBucket DeleteBucketPolicy DeleteObject
            DeleteObjectVersion GetAccelerateConfiguration GetBucketAcl GetBucketCORS GetBucketLocation
            GetBucketLogging GetBucketObjectLockConfiguration GetBucketOwnershipControls GetBucketPolicy
            GetBucketPublicAccessBlock GetBucketRequestPayment GetBucketTagging GetBucketVersioning
            GetBucketWebsite GetEncryptionConfiguration GetLifecycleConfiguration GetObject
            GetObjectTagging GetReplicationConfiguration ListBucket ListBucketVersions ListTagsForResource
            PutBucketLogging PutBucketOwnershipControls PutBucketPolicy PutBucketPublicAccessBlock
            PutBucketTagging PutBucketVersioning PutEncryptionConfiguration PutLifecycleConfiguration
            PutObject PutObjectTagging TagResource UntagResource""",
            "arn:aws:s3:::*-bucket-*",  # what Bucket names its bucket, as Pulumi completes it
        ),
        *([allow("s3", "DeleteObject GetObject ListBucket PutObject", *state)] if state else []),
        allow("kms", "CreateKey ListAliases", "*"),
        allow(
            "kms",
            """CreateAlias Decrypt DeleteAlias DescribeKey EnableKeyRotation Encrypt GenerateDataKey
            GetKeyPolicy GetKeyRotationStatus ListResourceTags PutKeyPolicy ScheduleKeyDeletion
            TagResource UntagResource UpdateAlias UpdateKeyDescription""",
            *[
                f"arn:aws:kms:{place}:{kind}/*"
                for place in dict.fromkeys((here, edge))
                for kind in ("alias", "key")
            ],
        ),
        allow(
            "kms",
            "CreateGrant",
            f"arn:aws:kms:{here}:key/*",
            condition={"Bool": {"kms:GrantIsForAWSResource": "true"}},
        ),
        allow(
            "logs",
            """AssociateKmsKey CreateLogGroup DeleteLogGroup DeleteRetentionPolicy DisassociateKmsKey
            ListTagsForResource PutRetentionPolicy TagResource UntagResource""",
            *[f"arn:aws:logs:{place}:log-group:*" for place in dict.fromkeys((here, edge))],
        ),
        allow("logs", "DescribeLogGroups", "*"),
    ]


def _edge(here: str, account_id: str, hosted_zone_id: str | None) -> Statements:
    edge = f"{EDGE_REGION}:{account_id}"
    certificates = [f"arn:aws:acm:{place}:certificate/*" for place in dict.fromkeys((here, edge))]
    domain = [
        allow(
            "acm",
            """AddTagsToCertificate DeleteCertificate DescribeCertificate ListTagsForCertificate
            RemoveTagsFromCertificate RequestCertificate UpdateCertificateOptions""",
            *certificates,
        ),
        allow(
            "route53",
            "ChangeResourceRecordSets GetHostedZone ListResourceRecordSets",
            f"arn:aws:route53:::hostedzone/{hosted_zone_id}",
        ),
        allow("route53", "GetChange", "arn:aws:route53:::change/*"),
    ]
    return [
        allow(
            "cloudfront",
            """AllowVendedLogDeliveryForResource CreateDistribution CreateFunction
            CreateOriginAccessControl CreateResponseHeadersPolicy CreateVpcOrigin DeleteDistribution
            DeleteFunction DeleteOriginAccessControl DeleteResponseHeadersPolicy DeleteVpcOrigin
            DescribeFunction GetDistribution GetDistributionConfig GetFunction GetOriginAccessControl
            GetOriginAccessControlConfig GetResponseHeadersPolicy GetResponseHeadersPolicyConfig
            GetVpcOrigin ListTagsForResource PublishFunction TagResource UntagResource UpdateDistribution
            UpdateFunction UpdateOriginAccessControl UpdateResponseHeadersPolicy UpdateVpcOrigin""",
            f"arn:aws:cloudfront::{account_id}:*",
        ),
        allow(
            "wafv2",
            """CreateWebACL DeleteLoggingConfiguration DeleteWebACL GetLoggingConfiguration GetWebACL
            ListTagsForResource PutLoggingConfiguration TagResource UntagResource UpdateWebACL""",
            f"arn:aws:wafv2:{edge}:global/*",
        ),
        allow(
            "logs",
            """CreateDelivery DeleteDelivery DeleteDeliveryDestination DeleteDeliverySource GetDelivery
            GetDeliveryDestination GetDeliverySource ListTagsForResource PutDeliveryDestination
            PutDeliverySource TagResource UntagResource UpdateDeliveryConfiguration""",
            *[
                f"arn:aws:logs:{edge}:{kind}:*"
                for kind in ("delivery", "delivery-destination", "delivery-source")
            ],
        ),
        # WAF's log: it writes the log group's policy in the caller's name.
        allow("logs", "CreateLogDelivery DeleteLogDelivery DescribeResourcePolicies PutResourcePolicy", "*"),
        *(domain if hosted_zone_id else []),
    ]


def allow(
    service: str, actions: str, *resources: str, condition: Mapping[str, object] | None = None
) -> Statement:
    """A statement for the actions of one service, named without it."""
    statement: dict[str, object] = {
        "Effect": "Allow",
        "Action": [f"{service}:{action}" for action in actions.split()],
        "Resource": list(resources),
    }
    return {**statement, "Condition": condition} if condition else statement
