"""EventBridge: rules and their targets."""

from localcloud.kind import Call, Inputs, Kind, Name
from localcloud.making import Making


def target(inputs: Inputs, making: Making) -> Inputs:
    """One target of a rule is one of the operation's list; the provider draws its id."""
    of_rule = ("rule", "eventBusName", "forceDestroy")
    described = {name: value for name, value in inputs.items() if name not in of_rule}
    described["id"] = described.pop("targetId", None) or making.name
    return {"rule": inputs["rule"], "eventBusName": inputs.get("eventBusName"), "targets": [described]}


KINDS = {
    "aws:cloudwatch/eventRule:EventRule": Kind(
        create=Call("events.put_rule"),
        id="{name}",
        outputs={"arn": "{RuleArn}"},
        name=Name(limit=64),
        ignored=["forceDestroy"],
    ),
    "aws:cloudwatch/eventTarget:EventTarget": Kind(
        create=Call("events.put_targets", renames={"targets.inputTransformer.inputPaths": "InputPathsMap"}),
        prepare=target,
        id="{rule}",
    ),
}
