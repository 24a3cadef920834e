"""A private S3 bucket: TLS only, no ACLs, encrypted, versioned; it owns its one and only policy."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi_aws import s3

from components import bucket_policy
from components.key import Key
from components.link import Link, Permission, variable

NONCURRENT_DAYS = 30
"""Days to regret an overwrite or a deletion in a versioned bucket."""


@dataclass(frozen=True, kw_only=True)
class BucketArgs:
    versioning: bool = True
    expire_after_days: int | None = None
    """Days until objects expire; None keeps them."""
    key: Key | None = None
    """Customer-managed key; None is SSE-S3, which alone suits a bucket that AWS delivers logs to."""
    log_delivery: bool = False
    """Lets ELB, CloudFront (standard logging v2) and S3 of this account write their logs here."""
    account_id: str | None = None
    """With `log_delivery`: the account whose logs are taken."""
    region: str | None = None
    """With `log_delivery`: the region of the load balancers."""
    access_logs: "Bucket | None" = None
    """Bucket with `log_delivery` that gets the S3 server access logs, under `s3/<name>/`."""
    read_by_cloudfront: bool = False
    """The policy then waits for `let_cloudfront_read`: a distribution's ARN is known only after it."""
    force_destroy: bool = False
    """Deletes the objects with the bucket."""
    protect: bool = True

    def __post_init__(self) -> None:
        if self.expire_after_days is not None and self.expire_after_days < 1:
            raise pulumi.RunError(
                f"bucket: expire_after_days is {self.expire_after_days}; give 1 or more, or None to keep all"
            )
        if self.log_delivery and not (self.account_id and self.region):
            raise pulumi.RunError("bucket: log_delivery needs account_id and region, whose logs are taken")
        if self.log_delivery and self.key is not None:
            raise pulumi.RunError(
                "bucket: log_delivery with a key: ELB and S3 deliver logs to SSE-S3 only; leave out key"
            )
        if self.log_delivery and self.read_by_cloudfront:
            raise pulumi.RunError(
                "bucket: logs are not served: set log_delivery or read_by_cloudfront, not both"
            )
        if self.access_logs is not None and not self.access_logs.log_delivery:
            raise pulumi.RunError("bucket: access_logs needs a bucket made with log_delivery=True")


class Bucket(pulumi.ComponentResource):
    """One bucket and everything that AWS keeps beside it.

    `name` and `arn` are known only when the policy stands (but where it waits for CloudFront): a load
    balancer tries its log bucket at once, and would be refused.
    """

    name: pulumi.Output[str]
    arn: pulumi.Output[str]
    domain_name: pulumi.Output[str]
    """The regional domain name, as an origin wants it."""
    log_delivery: bool

    def __init__(self, name: str, args: BucketArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("causeway:index:Bucket", name, None, opts)
        self._logical_name = name
        self._key = args.key
        self._read_by_cloudfront = args.read_by_cloudfront
        self._bucket = s3.Bucket(
            f"{name}-bucket",
            force_destroy=args.force_destroy,
            opts=pulumi.ResourceOptions(parent=self, protect=args.protect),
        )
        self.name = self._bucket.bucket
        self.arn = self._bucket.arn
        self.domain_name = self._bucket.bucket_regional_domain_name
        self.log_delivery = args.log_delivery
        self._close_to_the_public(name)
        self._encrypt(name, args.key)
        self._age(name, args)
        if args.access_logs is not None:
            s3.BucketLogging(
                f"{name}-access-logs",
                bucket=self._bucket.bucket,
                target_bucket=args.access_logs.name,
                target_prefix=f"s3/{name}/",
                opts=pulumi.ResourceOptions(parent=self),
            )
        if not args.read_by_cloudfront:
            policy = self._policy(_log_statements(self.arn, args))
            self.name = pulumi.Output.all(self.name, policy.id).apply(lambda known: known[0])
            self.arn = pulumi.Output.all(self.arn, policy.id).apply(lambda known: known[0])
        self.register_outputs({"name": self.name, "arn": self.arn, "domain_name": self.domain_name})

    def read(self) -> Link:
        """Lets a service list the bucket and read its objects."""
        return self._link(
            "read",
            Permission(actions=["s3:GetObject"], resources=[self._objects()]),
            Permission(actions=["s3:ListBucket"], resources=[self.arn]),
            key_actions=("kms:Decrypt",),
        )

    def write(self) -> Link:
        """Lets a service put and delete objects, in parts too; not read them."""
        return self._link(
            "write",
            Permission(
                actions=["s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"],
                resources=[self._objects()],
            ),
            key_actions=("kms:Decrypt", "kms:GenerateDataKey"),  # Decrypt: to finish an upload in parts
        )

    def let_cloudfront_read(self, distribution_arn: pulumi.Input[str]) -> None:
        """Registers the policy of a bucket with `read_by_cloudfront`, for that one distribution."""
        if not self._read_by_cloudfront:
            raise pulumi.RunError(
                f"bucket '{self._logical_name}' has its policy already; make it with read_by_cloudfront=True"
            )
        self._policy(bucket_policy.cloudfront_reads(self.arn, distribution_arn))

    def _objects(self) -> pulumi.Output[str]:
        return pulumi.Output.concat(self.arn, "/*")

    def _link(self, verb: str, *permissions: Permission, key_actions: tuple[str, ...]) -> Link:
        return Link(
            name=f"{self._logical_name}-bucket-{verb}",
            environment={variable(self._logical_name, "BUCKET"): self.name},
            permissions=[*permissions, *([self._key.use(*key_actions)] if self._key else [])],
        )

    def _close_to_the_public(self, name: str) -> None:
        s3.BucketPublicAccessBlock(
            f"{name}-public-access-block",
            bucket=self._bucket.bucket,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=pulumi.ResourceOptions(parent=self),
        )
        s3.BucketOwnershipControls(
            f"{name}-ownership",
            bucket=self._bucket.bucket,
            rule={"object_ownership": "BucketOwnerEnforced"},
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _encrypt(self, name: str, key: Key | None) -> None:
        s3.BucketServerSideEncryptionConfiguration(
            f"{name}-encryption",
            bucket=self._bucket.bucket,
            rules=[
                {
                    "apply_server_side_encryption_by_default": {
                        "sse_algorithm": "aws:kms",
                        "kms_master_key_id": key.arn,
                    },
                    "bucket_key_enabled": True,  # one call to KMS for many objects
                }
                if key
                else {"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"}}
            ],
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _age(self, name: str, args: BucketArgs) -> None:
        versioning = s3.BucketVersioning(
            f"{name}-versioning",
            bucket=self._bucket.bucket,
            versioning_configuration={"status": "Enabled" if args.versioning else "Suspended"},
            opts=pulumi.ResourceOptions(parent=self),
        )
        s3.BucketLifecycleConfiguration(
            f"{name}-lifecycle",
            bucket=self._bucket.bucket,
            rules=[
                {
                    "id": "housekeeping",
                    "status": "Enabled",
                    "filter": {"prefix": ""},
                    "abort_incomplete_multipart_upload": {"days_after_initiation": 7},
                    "noncurrent_version_expiration": {"noncurrent_days": NONCURRENT_DAYS},
                    "expiration": {"days": args.expire_after_days}
                    if args.expire_after_days
                    else {"expired_object_delete_marker": True},
                }
            ],
            # Rules on noncurrent versions want versioning first.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[versioning]),
        )

    def _policy(self, statements: Sequence[Mapping[str, object]]) -> s3.BucketPolicy:
        return s3.BucketPolicy(
            f"{self._logical_name}-policy",
            bucket=self._bucket.bucket,
            policy=pulumi.Output.json_dumps(
                {"Version": "2012-10-17", "Statement": [*bucket_policy.tls_only(self.arn), *statements]}
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )


def _log_statements(arn: pulumi.Output[str], args: BucketArgs) -> bucket_policy.Statements:
    if not args.log_delivery or args.account_id is None or args.region is None:
        return []
    return bucket_policy.log_delivery(arn, account_id=args.account_id, region=args.region)
