"""Makes one resource: its name, its tags, and the calls of its kind, in order."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from botocore.model import ListShape, OperationModel, StructureShape
from botocore.validate import ParamValidator

from localcloud.kind import Call, Inputs, Kind, Name, dig, expand, fields, mapping
from localcloud.mapper import MappingError, camel, find_member, parameters, text

if TYPE_CHECKING:
    from localcloud.cloud import Cloud


@dataclass
class Making:
    """One resource in the making. `scope` is what templates see: inputs, names, parts of answers."""

    cloud: "Cloud"
    token: str
    name: str
    """The logical name."""
    region: str
    scope: dict[str, Any] = field(default_factory=dict[str, Any])
    tags: dict[str, Any] = field(default_factory=dict[str, Any])
    """The output `tagsAll`, where the type takes tags."""

    def make(self, kind: Kind, inputs: Inputs) -> tuple[str, dict[str, Any]]:
        """Make the resource; gives its id and the outputs that are not its inputs."""
        inputs = self._tagged(kind, self._named(kind, inputs))
        named = dict(inputs)
        own = {"region": self.region, "account": self.cloud.account, "unique": self.unique(32)}
        self.scope = {**inputs, **own}
        if kind.prepare is not None:
            inputs = kind.prepare(inputs, self)
            self.scope.update(inputs)
        claimed = {name for call in kind.then for name in (*call.inputs, call.when)}
        own = {name: value for name, value in inputs.items() if name not in claimed}
        answer, taken = self.request(kind.create, own)
        result = mapping(None if kind.create.recorded else dig(answer, kind.result))
        self.scope.update({**answer, **self._outputs(result), **result})
        self.scope["id"] = expand(kind.id, self.scope)
        outputs = {
            **{name: value for name, value in self._outputs(result).items() if name not in named},
            **({kind.name.input: named[kind.name.input]} if kind.name else {}),
            **{name: expand(template, self.scope) for name, template in kind.outputs.items()},
        }
        self.scope.update(outputs)
        for call in kind.then:
            taken |= self._follow(call, inputs)
        self._refuse(kind, inputs, taken)
        if kind.after is not None:
            outputs.update(kind.after(inputs, self))
        outputs.update(self.tags)
        return str(self.scope["id"]), outputs

    def request(self, call: Call, inputs: Inputs) -> tuple[dict[str, Any], set[str]]:
        """Make one call of inputs and templates; gives the answer and the inputs that it took."""
        service, method = call.operation.split(".")
        client = self.cloud.clients.get(service, self.region)
        operation: OperationModel = client.meta.service_model.operation_model(
            client.meta.method_to_api_mapping[method]
        )
        top = cast("StructureShape", operation.input_shape)
        attributes = {name: inputs[name] for name in call.attributes if name in inputs}
        rest = {name: value for name, value in inputs.items() if name not in attributes}
        given, taken = parameters(_member(top, call.under), rest, call.renames)
        request: dict[str, Any] = {}
        _within(request, call.under).update(given)
        for path, template in call.fixed.items():
            parent, _, member = path.rpartition(".")
            _within(request, parent)[member] = expand(template, self.scope)
            taken |= fields(template)
        if attributes:
            pairs = {call.attributes[name]: text(value) for name, value in attributes.items()}
            listed = isinstance(top.members[call.attributes_member], ListShape)
            request[call.attributes_member] = (
                [{"Key": key, "Value": value} for key, value in pairs.items()] if listed else pairs
            )
            taken |= set(attributes)
        if call.recorded:
            self.record(operation, request, call)
            return {}, taken
        return getattr(client, method)(**request), taken

    def record(self, operation: OperationModel, request: Mapping[str, Any], call: Call) -> None:
        """Check a call that the emulator cannot take as botocore would before it sends it."""
        report = ParamValidator().validate(request, cast("StructureShape", operation.input_shape))
        if report.has_errors():
            raise MappingError(report.generate_report())
        self.cloud.recorded_call(self.token, self.name, call.operation)

    def client(self, service: str) -> Any:
        """A client in this resource's region."""
        return self.cloud.clients.get(service, self.region)

    def unique(self, length: int) -> str:
        """Hexadecimal digits that are this resource's own, and the same in each deployment."""
        seed = f"{self.cloud.stack}\n{self.token}\n{self.name}"
        return hashlib.sha256(seed.encode()).hexdigest()[:length]

    def _follow(self, call: Call, inputs: Inputs) -> set[str]:
        given = {name: inputs[name] for name in call.inputs if inputs.get(name) is not None}
        if (call.inputs and not call.when and not given) or (call.when and not inputs.get(call.when)):
            return {call.when}
        taken = {call.when}
        groups = [{name: value} for name, value in given.items()] if call.each else [given]
        for group in groups:
            answer, took = self.request(call, group)
            self.scope.update(answer)
            taken |= took
        return taken

    def _named(self, kind: Kind, inputs: Inputs) -> Inputs:
        name = kind.name
        if name is None or inputs.get(name.input):
            return inputs
        prefix = inputs.get(f"{name.input}Prefix")
        rest = {key: value for key, value in inputs.items() if key != f"{name.input}Prefix"}
        physical = f"{prefix}{self.unique(26)}" if prefix else self._physical(name)
        if inputs.get("fifoQueue") or inputs.get("fifoTopic"):
            physical += ".fifo"
        if len(physical) > name.limit:
            raise MappingError(f"{name.input} '{physical}' is longer than {name.limit} characters")
        return {**rest, name.input: physical}

    def _physical(self, name: Name) -> str:
        logical = self.name.lower() if name.lower else self.name
        return f"{name.prefix}{logical}-{self.unique(7)}"

    def _tagged(self, kind: Kind, inputs: Inputs) -> Inputs:
        claimed = any("tags" in call.inputs for call in kind.then)
        if not claimed and not kind.tag_as and not self._takes(kind.create, "tags"):
            return inputs
        tags = {**self.cloud.default_tags, **mapping(inputs.get("tags"))}
        if not tags:
            return inputs
        self.tags["tagsAll"] = tags
        if not kind.tag_as:
            return {**inputs, "tags": tags}
        specification = {"resourceType": kind.tag_as, "tags": tags}
        rest = {name: value for name, value in inputs.items() if name != "tags"}
        return {**rest, "tagSpecifications": [specification]}

    def _takes(self, call: Call, member: str) -> bool:
        service, method = call.operation.split(".")
        client = self.cloud.clients.get(service, self.region)
        operation = client.meta.service_model.operation_model(client.meta.method_to_api_mapping[method])
        return find_member(_member(operation.input_shape, call.under), member) is not None

    def _refuse(self, kind: Kind, inputs: Inputs, taken: set[str]) -> None:
        left = sorted(
            name
            for name, value in inputs.items()
            if value is not None and name not in taken and name not in kind.ignored
        )
        if left:
            raise MappingError(
                f"the local cloud passes input {', '.join(repr(name) for name in left)} of this type to no "
                f"operation of AWS; teach it in localcloud/resources/"
            )

    def _outputs(self, result: Mapping[str, Any]) -> dict[str, Any]:
        simple = (str, int, float, bool)
        return {camel(name): value for name, value in result.items() if isinstance(value, simple)}


def _member(shape: StructureShape, path: str) -> StructureShape:
    for step in filter(None, path.split(".")):
        shape = cast("StructureShape", shape.members[step])
    return shape


def _within(request: dict[str, Any], path: str) -> dict[str, Any]:
    """The mapping at a dotted path of members, made where it is not there yet."""
    for step in filter(None, path.split(".")):
        request = request.setdefault(step, {})
    return request
