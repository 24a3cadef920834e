"""A permissions boundary on every role of the platform, so that who deploys cannot make a mightier one."""

from dataclasses import dataclass

import pulumi
from pulumi_aws import iam

from components import deploy_boundary

ROLE = "aws:iam/role:Role"


@dataclass(frozen=True, kw_only=True)
class RoleBoundaryArgs:
    account_id: str


class RoleBoundary(pulumi.ComponentResource):
    """The policy, and a transformation of the stack that gives it to each role registered after this.

    Make it first, and hand its ARN to the roles that deploy. They cannot change it; nor can they make a role
    that lacks it: the first `up` is an administrator's. Deploy roles have a boundary of their own.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
    """

    arn: pulumi.Output[str]

    def __init__(self, name: str, args: RoleBoundaryArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("causeway:index:RoleBoundary", name, None, opts)
        statements = deploy_boundary.role_boundary(args.account_id)
        policy = iam.Policy(
            f"{name}-role-boundary",
            path=deploy_boundary.PATH,
            description="The most that a role of the platform can have",
            policy=pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": statements}),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.arn = policy.arn
        pulumi.runtime.register_stack_transformation(self._bound)
        self.register_outputs({"arn": self.arn})

    def _bound(self, args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
        if args.type_ != ROLE or args.props.get("path") == deploy_boundary.PATH:
            return None
        if args.props.get("permissions_boundary") is not None:
            return None
        props = {**args.props, "permissions_boundary": self.arn}
        return pulumi.ResourceTransformationResult(props=props, opts=args.opts)
