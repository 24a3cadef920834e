"""What the tests of components build on: a key, a network, a cluster and an image, and a reading of a run."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pulumi.runtime.mocks import MockResourceArgs

from components.bucket import Bucket, BucketArgs
from components.cluster import Cluster, ClusterArgs
from components.image import Image, ImageArgs
from components.key import Key, KeyArgs
from components.load_balancer import LoadBalancer, LoadBalancerArgs
from components.network import Network, NetworkArgs
from operations.program import Resource, Run
from operations.recording import ACCOUNT, REGION, RecordingMocks

DIGEST = "sha256:" + "0" * 64


@dataclass(frozen=True, kw_only=True)
class Foundation:
    key: Key
    network: Network
    cluster: Cluster
    load_balancer: Callable[[], LoadBalancer]
    image: Image


def _key() -> Key:
    return Key("shop", KeyArgs(account_id=ACCOUNT, region=REGION))


def _network(key: Key, **arguments: Any) -> Network:
    zones = [f"{REGION}a", f"{REGION}b"]
    return Network(
        "shop",
        NetworkArgs(**{"cidr": "10.0.0.0/16", "zones": zones, "region": REGION, "key": key, **arguments}),
    )


def _logs() -> Bucket:
    return Bucket("logs", BucketArgs(log_delivery=True, account_id=ACCOUNT, region=REGION))


@pytest.fixture
def key() -> Callable[[], Key]:
    """Makes the stack's key, inside a recorded program."""
    return _key


@pytest.fixture
def network() -> Callable[..., Network]:
    """Makes a network of two zones under a key, inside a recorded program."""
    return _network


@pytest.fixture
def logs() -> Callable[[], Bucket]:
    """Makes the bucket for logs, inside a recorded program."""
    return _logs


@pytest.fixture
def foundation() -> Callable[..., Foundation]:
    """Makes all that a service stands on, inside a recorded program; its image is pinned."""

    def make(nat: str = "single", spot_weight: int = 0) -> Foundation:
        key = _key()
        network = _network(key, nat=nat, interface_endpoints=["logs"])
        uri = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/api@{DIGEST}"
        return Foundation(
            key=key,
            network=network,
            cluster=Cluster("shop", ClusterArgs(network=network, key=key, spot_weight=spot_weight)),
            load_balancer=lambda: LoadBalancer(
                "shop", LoadBalancerArgs(network=network, access_logs=_logs())
            ),
            image=Image("api", ImageArgs(context="app/api", source="release", uri=uri, key=key)),
        )

    return make


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A folder to build an image of."""
    (tmp_path / "Dockerfile").write_text('FROM scratch\nCOPY . .\nCMD ["/main"]\n')
    (tmp_path / "main").write_text("main")
    return tmp_path


@pytest.fixture
def unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in the first preview: nothing that AWS computes is known."""

    def echo(_: RecordingMocks, args: MockResourceArgs) -> tuple[str, dict[str, Any]]:
        return "", dict(args.inputs)

    monkeypatch.setattr(RecordingMocks, "new_resource", echo)


@pytest.fixture
def within() -> Callable[[Run, str], list[tuple[str, str]]]:
    """The types and names of what a component type, such as `Network`, made; its own children's too."""

    def of(run: Run, component: str) -> list[tuple[str, str]]:
        inside: set[str] = set()
        found: list[tuple[str, str]] = []
        for resource in run.resources:  # a parent is registered before its children
            if resource.options.parent in inside:
                found.append((resource.type, resource.name))
            elif resource.type != f"causeway:index:{component}":
                continue
            inside.add(resource.urn)
        return sorted(found)

    return of


@pytest.fixture
def one() -> Callable[[Run, str, str], Resource]:
    """The one resource of a type and name."""

    def of(run: Run, type_: str, name: str) -> Resource:
        found = [r for r in run.resources if (r.type, r.name) == (type_, name)]
        assert len(found) == 1, (
            f"{type_} {name}: {len(found)} of {sorted((r.type, r.name) for r in run.resources)}"
        )
        return found[0]

    return of
