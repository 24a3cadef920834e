"""What deploys may do with the services around the tasks: functions, files, schedules, backups, budgets."""

from components.deploy_statement import Statements, allow


def functions(here: str) -> Statements:
    """Functions, schedules and events, files, names of services, and EC2 capacity."""
    return [
        allow(
            "lambda",
            """AddPermission CreateEventSourceMapping CreateFunction DeleteEventSourceMapping DeleteFunction
            DeleteFunctionConcurrency DeleteFunctionEventInvokeConfig GetEventSourceMapping GetFunction
            GetFunctionCodeSigningConfig GetFunctionConcurrency GetFunctionConfiguration
            GetFunctionEventInvokeConfig GetPolicy ListTags ListVersionsByFunction PublishVersion
            PutFunctionConcurrency PutFunctionEventInvokeConfig RemovePermission TagResource UntagResource
            UpdateEventSourceMapping UpdateFunctionCode UpdateFunctionConfiguration
            UpdateFunctionEventInvokeConfig""",
            f"arn:aws:lambda:{here}:*",
        ),
        allow(
            "scheduler",
            """CreateSchedule CreateScheduleGroup DeleteSchedule DeleteScheduleGroup GetSchedule
            GetScheduleGroup ListTagsForResource TagResource UntagResource UpdateSchedule""",
            f"arn:aws:scheduler:{here}:*",
        ),
        allow(
            "events",
            """DeleteRule DescribeRule DisableRule EnableRule ListTagsForResource ListTargetsByRule PutRule
            PutTargets RemoveTargets TagResource UntagResource""",
            f"arn:aws:events:{here}:rule/*",
        ),
        allow(
            "elasticfilesystem",
            """CreateAccessPoint CreateFileSystem CreateMountTarget DeleteAccessPoint DeleteFileSystem
            DeleteFileSystemPolicy DeleteMountTarget DescribeAccessPoints DescribeBackupPolicy
            DescribeFileSystemPolicy DescribeFileSystems DescribeLifecycleConfiguration
            DescribeMountTargetSecurityGroups DescribeMountTargets ListTagsForResource
            ModifyMountTargetSecurityGroups PutBackupPolicy PutFileSystemPolicy PutLifecycleConfiguration
            TagResource UntagResource UpdateFileSystem""",
            f"arn:aws:elasticfilesystem:{here}:*",
        ),
        allow(
            "servicediscovery",
            """CreateHttpNamespace DeleteNamespace GetNamespace ListTagsForResource TagResource
            UntagResource UpdateHttpNamespace""",
            f"arn:aws:servicediscovery:{here}:*",
        ),
        # AWS knows no resource of one that is to be made, nor of the operation that makes it.
        allow("servicediscovery", "CreateHttpNamespace GetOperation ListNamespaces", "*"),
        allow(
            "autoscaling",
            """CreateAutoScalingGroup CreateOrUpdateTags DeleteAutoScalingGroup DeleteTags
            DisableMetricsCollection EnableMetricsCollection SetInstanceProtection
            StartInstanceRefresh UpdateAutoScalingGroup""",
            f"arn:aws:autoscaling:{here}:autoScalingGroup:*",
        ),
        allow(
            "autoscaling",
            """DescribeAutoScalingGroups DescribeInstanceRefreshes DescribeLifecycleHooks
            DescribeScalingActivities DescribeTags""",
            "*",
        ),
        allow(
            "ec2",
            """CreateLaunchTemplate CreateLaunchTemplateVersion DeleteLaunchTemplate ModifyLaunchTemplate
            RunInstances""",
            f"arn:aws:ec2:{here}:*/*",
            f"arn:aws:ec2:{here.split(':', maxsplit=1)[0]}::image/*",
        ),
        allow("ec2", "DescribeInstanceTypes DescribeLaunchTemplates DescribeLaunchTemplateVersions", "*"),
        allow(
            "ssm",
            "GetParameters",
            f"arn:aws:ssm:{here.split(':', maxsplit=1)[0]}::parameter/aws/service/ecs/*",
        ),
    ]


def operations(here: str, account_id: str) -> Statements:
    """Backups, dashboards, budgets and the anomaly monitor."""
    return [
        allow(
            "backup",
            """CreateBackupPlan CreateBackupSelection CreateBackupVault DeleteBackupPlan
            DeleteBackupSelection DeleteBackupVault DeleteBackupVaultAccessPolicy
            DeleteBackupVaultLockConfiguration DeleteBackupVaultNotifications DescribeBackupVault
            GetBackupPlan GetBackupSelection GetBackupVaultAccessPolicy GetBackupVaultNotifications ListTags
            PutBackupVaultAccessPolicy PutBackupVaultLockConfiguration PutBackupVaultNotifications
            TagResource UntagResource UpdateBackupPlan""",
            f"arn:aws:backup:{here}:*",
        ),
        allow("backup-storage", "MountCapsule", "*"),
        allow(
            "cloudwatch",
            "DeleteDashboards GetDashboard PutDashboard",
            f"arn:aws:cloudwatch::{account_id}:dashboard/*",
        ),
        allow(
            "budgets",
            "ListTagsForResource ModifyBudget TagResource UntagResource ViewBudget",
            f"arn:aws:budgets::{account_id}:budget/*",
        ),
        allow(
            "ce",
            """CreateAnomalyMonitor CreateAnomalySubscription DeleteAnomalyMonitor
            DeleteAnomalySubscription GetAnomalyMonitors GetAnomalySubscriptions ListTagsForResource
            TagResource UntagResource UpdateAnomalyMonitor UpdateAnomalySubscription""",
            f"arn:aws:ce::{account_id}:*",
        ),
        # What an administrator made above the stack, seen to be as it was.
        allow("codebuild", "BatchGetProjects", f"arn:aws:codebuild:{here}:project/*"),
        allow("codepipeline", "GetPipeline ListTagsForResource", f"arn:aws:codepipeline:{here}:*"),
        allow("codeconnections", "GetConnection ListTagsForResource", f"arn:aws:codeconnections:{here}:*"),
    ]
