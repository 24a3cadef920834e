"""Makes one resource: its name, its tags, and the calls of its kind, in order."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from botocore.model import ListShape, StructureShape
from botocore.validate import ParamValidator

from localcloud.kind import Call, Inputs, Kind, Name, dig, expand, fields, mapping
from localcloud.mapper import MappingError, camel, find_member, parameters, text

if TYPE_CHECKING:
    from localcloud.cloud import Cloud


@dataclass(frozen=True, kw_only=True, order=True)
class RecordedCall:
    """A call that was checked against AWS's shape and kept, for the emulator does not take it."""

    type: str
    name: str
    operation: str


@dataclass
class Making:
    """One resource in the making. `scope` is what templates see: inputs, names, parts of answers."""

    cloud: "Cloud"
    token: str
    name: str
    """The logical name."""
    region: str
    occurrence: int = 0
    """How many resources of the type bore the name before: components may give theirs the same."""
    existing: str = ""
    """Id of what the program would read or import; the emulator has nothing that is older than the run."""
    recorded: list[RecordedCall] = field(default_factory=list[RecordedCall])
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
        send, shape = self._operation(call)
        attributes = {name: inputs[name] for name in call.attributes if name in inputs}
        rest = {name: value for name, value in inputs.items() if name not in attributes}
        given, taken = parameters(_member(shape, call.under), rest, call.renames)
        request: dict[str, Any] = {}
        _within(request, call.under).update(given)
        for path, template in call.fixed.items():
            parent, _, member = path.rpartition(".")
            _within(request, parent)[member] = expand(template, self.scope)
            taken |= fields(template)
        if attributes:
            pairs = {call.attributes[name]: text(value) for name, value in attributes.items()}
            listed = isinstance(shape.members[call.attributes_member], ListShape)
            request[call.attributes_member] = (
                [{"Key": key, "Value": value} for key, value in pairs.items()] if listed else pairs
            )
            taken |= set(attributes)
        if not call.recorded:
            return send(**request), taken
        report = ParamValidator().validate(request, shape)  # as botocore does before it sends
        if report.has_errors():
            raise MappingError(report.generate_report())
        self.recorded.append(RecordedCall(type=self.token, name=self.name, operation=call.operation))
        return {}, taken

    def client(self, service: str) -> Any:
        """A client in this resource's region."""
        return self.cloud.clients.get(service, self.region)

    def unique(self, length: int) -> str:
        """Hexadecimal digits that are this resource's own, and the same in each deployment."""
        seed = f"{self.cloud.stack}\n{self.token}\n{self.name}\n{self.occurrence}"
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
        if isinstance(inputs.get("tags"), list):  # an auto scaling group's: the provider adds none to them
            return inputs
        claimed = any("tags" in call.inputs for call in kind.then)
        if not claimed and not kind.tag_as:
            shape = _member(self._operation(kind.create)[1], kind.create.under)
            if find_member(shape, "tags") is None:
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

    def _operation(self, call: Call) -> tuple[Callable[..., dict[str, Any]], StructureShape]:
        """What sends a call, and the shape of its parameters."""
        service, method = call.operation.split(".")
        client = self.client(service)
        operation = client.meta.service_model.operation_model(client.meta.method_to_api_mapping[method])
        return getattr(client, method), cast("StructureShape", operation.input_shape)

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
