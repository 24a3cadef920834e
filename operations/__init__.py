"""What a team runs around `pulumi up`."""
