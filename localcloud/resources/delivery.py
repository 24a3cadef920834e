"""CodeBuild, CodePipeline and the connection to GitHub. Nothing is built or promoted here."""

from localcloud.kind import Call, Inputs, Kind, Name, mapping, mappings
from localcloud.making import Making

PIPELINES = "the emulator has no pipelines and no connections"


def pipeline(inputs: Inputs, making: Making) -> Inputs:
    """An action says in parts what it is, and names its artifacts; one store stands for the region."""
    stages: list[Inputs] = []
    for stage in mappings(inputs.get("stages")):
        actions = [_action(action) for action in mappings(stage.get("actions"))]
        stages.append({**stage, "actions": actions})
    result = {name: value for name, value in inputs.items() if name != "artifactStores"}
    stores = mappings(inputs.get("artifactStores"))
    if len(stores) == 1:
        return {**result, "stages": stages, "artifactStore": stores[0]}
    return {**result, "stages": stages, "artifactStores": {store.pop("region"): store for store in stores}}


def _action(action: Inputs) -> Inputs:
    parts = ("category", "owner", "provider", "version")
    artifacts = ("inputArtifacts", "outputArtifacts")
    rest = {name: value for name, value in action.items() if name not in (*parts, *artifacts)}
    named: Inputs = {}
    for name in artifacts:
        given: list[str] = action.get(name) or []
        named[name] = [{"name": artifact} for artifact in given]
    return {**rest, **named, "actionTypeId": {name: action[name] for name in parts}}


def project(inputs: Inputs, making: Making) -> Inputs:
    """Where logs go is written in one word in Pulumi."""
    logs = mapping(inputs.get("logsConfig"))
    watch = mapping(logs.pop("cloudwatchLogs", None))
    return {**inputs, "logsConfig": {**logs, "cloudWatchLogs": watch}} if watch else inputs


def _within(*inputs: str) -> dict[str, str]:
    """Inputs that are members of the one structure `pipeline`."""
    return {name: f"pipeline.{name}" for name in inputs}


KINDS = {
    "aws:codebuild/project:Project": Kind(
        create=Call(
            "codebuild.create_project",
            renames={"buildTimeout": "timeoutInMinutes", "queuedTimeout": "queuedTimeoutInMinutes"},
        ),
        prepare=project,
        result="project",
        id="{arn}",
        outputs={"arn": "{arn}"},
        name=Name(limit=255),
    ),
    "aws:codeconnections/connection:Connection": Kind(
        create=Call(
            "codeconnections.create_connection", renames={"name": "ConnectionName"}, recorded=PIPELINES
        ),
        id="arn:aws:codeconnections:{region}:{account}:connection/{unique}",
        outputs={
            "arn": "arn:aws:codeconnections:{region}:{account}:connection/{unique}",
            "connectionStatus": "PENDING",
        },
        name=Name(limit=32),
    ),
    "aws:codepipeline/pipeline:Pipeline": Kind(
        create=Call(
            "codepipeline.create_pipeline",
            renames=_within(
                "name", "roleArn", "artifactStore", "artifactStores", "stages", "executionMode",
                "pipelineType", "variables", "triggers",
            ),
            recorded=PIPELINES,
        ),
        prepare=pipeline,
        id="{name}",
        outputs={"arn": "arn:aws:codepipeline:{region}:{account}:{name}"},
        name=Name(limit=100),
    ),
}  # fmt: skip
