"""What `pulumi up` of this platform may do in AWS: exact actions, on this account's and region's ARNs.

`*` stands in place of a resource only where AWS knows no ARN for the action (descriptions, mostly):
https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

from collections.abc import Mapping

from components.deploy_edge import edge
from components.deploy_services import functions, operations
from components.deploy_statement import EDGE_REGION, Statement, Statements, allow

__all__ = ["EDGE_REGION", "Statement", "Statements", "allow", "policies"]


def policies(
    account_id: str, region: str, *, hosted_zone_id: str | None, state_bucket: str | None
) -> Mapping[str, Statements]:
    """The statements of each policy, by name; AWS takes 6,144 characters in each."""
    here = f"{region}:{account_id}"
    return {
        "network": _network(here, region),
        "compute": _compute(here),
        "images": images(here),
        "data": _data(here),
        "storage": _storage(here, account_id, state_bucket),
        "edge": edge(here, account_id, hosted_zone_id),
        "functions": functions(here),
        "operations": operations(here, account_id),
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
            """CreateCapacityProvider CreateCluster CreateService DeleteCapacityProvider DeleteCluster
            DeleteService DescribeCapacityProviders DescribeClusters DescribeServiceDeployments
            DescribeServiceRevisions DescribeServices DescribeTasks ListServiceDeployments
            ListTagsForResource ListTasks PutClusterCapacityProviders RegisterTaskDefinition RunTask
            StopServiceDeployment StopTask TagResource UntagResource UpdateCapacityProvider UpdateCluster
            UpdateClusterSettings UpdateService""",
            f"arn:aws:ecs:{here}:*",
        ),
        allow("ecs", "DeregisterTaskDefinition DescribeTaskDefinition", "*"),
        allow(
            "elasticloadbalancing",
            """AddTags CreateListener CreateLoadBalancer CreateRule CreateTargetGroup DeleteListener
            DeleteLoadBalancer DeleteRule DeleteTargetGroup DeregisterTargets ModifyListener
            ModifyListenerAttributes ModifyLoadBalancerAttributes ModifyRule ModifyTargetGroup
            ModifyTargetGroupAttributes RegisterTargets RemoveTags SetIpAddressType SetRulePriorities
            SetSecurityGroups SetSubnets SetWebAcl""",
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
            """DeleteScalingPolicy DeleteScheduledAction DeregisterScalableTarget ListTagsForResource
            PutScalingPolicy PutScheduledAction RegisterScalableTarget TagResource UntagResource""",
            f"arn:aws:application-autoscaling:{here}:scalable-target/*",
        ),
        allow(
            "application-autoscaling",
            "DescribeScalableTargets DescribeScalingPolicies DescribeScheduledActions",
            "*",
        ),
        allow(
            "cloudwatch",
            """DeleteAlarms DescribeAlarms ListTagsForResource PutCompositeAlarm PutMetricAlarm TagResource
            UntagResource""",
            f"arn:aws:cloudwatch:{here}:alarm:*",
        ),
    ]


def images(here: str) -> Statements:
    """Repositories and pushes. What holds for the whole registry is an administrator's, and only read."""
    return [
        allow(
            "ecr",
            """BatchCheckLayerAvailability BatchGetImage BatchImportUpstreamImage CompleteLayerUpload
            CreateRepository DeleteLifecyclePolicy DeleteRepository DeleteRepositoryPolicy DescribeImages
            DescribeRepositories GetDownloadUrlForLayer GetLifecyclePolicy GetRepositoryPolicy
            InitiateLayerUpload ListTagsForResource PutImage PutImageScanningConfiguration
            PutImageTagMutability PutLifecyclePolicy SetRepositoryPolicy TagResource UntagResource
            UploadLayerPart""",
            f"arn:aws:ecr:{here}:repository/*",
        ),
        allow(
            "ecr",
            """DescribePullThroughCacheRules DescribeRegistry DescribeRepositoryCreationTemplates
            GetAuthorizationToken GetRegistryPolicy GetRegistryScanningConfiguration""",
            "*",
        ),
    ]


def _data(here: str) -> Statements:
    return [
        allow(
            "rds",
            """AddTagsToResource CreateDBCluster CreateDBClusterParameterGroup CreateDBClusterSnapshot
            CreateDBInstance CreateDBProxy CreateDBSubnetGroup CreateEventSubscription DeleteDBCluster
            DeleteDBClusterParameterGroup DeleteDBInstance DeleteDBProxy DeleteDBSubnetGroup
            DeleteEventSubscription DeregisterDBProxyTargets DescribeDBClusterParameterGroups
            DescribeDBClusterParameters DescribeDBClusters DescribeDBClusterSnapshots
            DescribeDBInstances DescribeDBProxies DescribeDBProxyTargetGroups DescribeDBProxyTargets
            DescribeDBSubnetGroups DescribeEventSubscriptions ListTagsForResource ModifyDBCluster
            ModifyDBClusterParameterGroup ModifyDBInstance ModifyDBProxy ModifyDBProxyTargetGroup
            ModifyDBSubnetGroup ModifyEventSubscription RegisterDBProxyTargets RemoveTagsFromResource
            ResetDBClusterParameterGroup RestoreDBClusterFromSnapshot RestoreDBClusterToPointInTime""",
            f"arn:aws:rds:{here}:*",
        ),
        allow("rds", "DescribeDBEngineVersions DescribeGlobalClusters", "*"),
        allow(
            "elasticache",
            """AddTagsToResource CreateCacheCluster CreateCacheParameterGroup CreateCacheSubnetGroup
            CreateReplicationGroup CreateServerlessCache CreateSnapshot CreateUser CreateUserGroup
            DecreaseReplicaCount DeleteCacheCluster DeleteCacheParameterGroup DeleteCacheSubnetGroup
            DeleteReplicationGroup DeleteServerlessCache DeleteUser DeleteUserGroup DescribeCacheClusters
            DescribeCacheParameterGroups DescribeCacheParameters DescribeCacheSubnetGroups
            DescribeReplicationGroups DescribeServerlessCaches DescribeUserGroups DescribeUsers
            IncreaseReplicaCount ListTagsForResource ModifyCacheCluster ModifyCacheParameterGroup
            ModifyCacheSubnetGroup ModifyReplicationGroup ModifyReplicationGroupShardConfiguration
            ModifyServerlessCache ModifyUser ModifyUserGroup RemoveTagsFromResource
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
            GetLogEvents ListTagsForResource PutRetentionPolicy TagResource UntagResource""",
            *[f"arn:aws:logs:{place}:log-group:*" for place in dict.fromkeys((here, edge))],
        ),
        allow("logs", "DescribeLogGroups", "*"),
    ]
