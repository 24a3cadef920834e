"""Cloud Map: the namespace of Service Connect. No proxy runs beside a task: it cannot call by name."""

from localcloud.errors import LocalCloudError
from localcloud.kind import Call, Inputs, Kind, Name
from localcloud.making import Making


def namespace(inputs: Inputs, making: Making) -> Inputs:
    """A namespace is made by an operation, which tells its id when it is done."""
    client = making.client("servicediscovery")
    operation = client.get_operation(OperationId=making.scope["OperationId"])["Operation"]
    made = operation.get("Targets", {}).get("NAMESPACE")
    if not made:
        raise LocalCloudError(f"the operation ended {operation.get('Status')}, without a namespace")
    making.scope["id"] = made
    described = client.get_namespace(Id=made)["Namespace"]
    return {"arn": described["Arn"], "httpName": described["Name"]}


KINDS = {
    "aws:servicediscovery/httpNamespace:HttpNamespace": Kind(
        create=Call("servicediscovery.create_http_namespace", fixed={"CreatorRequestId": "{unique}"}),
        id="{OperationId}",
        after=namespace,
        name=Name(limit=1024),
    ),
}
