"""Where each subnet of a VPC lies: a place that depends on its tier and zone only, and so never moves."""

from collections.abc import Mapping, Sequence
from ipaddress import AddressValueError, IPv4Network, NetmaskValueError
from typing import Literal

import pulumi

Tier = Literal["public", "private", "data"]
TIERS: tuple[Tier, ...] = ("public", "private", "data")
ZONE_LETTERS = "abcdefgh"
SLOTS_PER_TIER = len(ZONE_LETTERS)
BITS = 5
"""32 blocks: four tiers (one in reserve) of eight zones."""
LARGEST, SMALLEST = 16, 23
"""Prefix lengths of the VPC: AWS's largest, and the smallest whose subnets (/28) AWS still makes."""


def allocate(cidr: str, zones: Sequence[str]) -> Mapping[Tier, Mapping[str, str]]:
    """The CIDR of each tier's subnet in each zone.

    A block's place follows from the tier and the zone's letter alone, never from how many there are, so
    another zone or tier moves nothing that exists. Raises pulumi.RunError.
    """
    try:
        network = IPv4Network(cidr)
    except (AddressValueError, NetmaskValueError, ValueError):
        raise pulumi.RunError(
            f"network: cidr '{cidr}' is not an IPv4 network; give one such as 10.20.0.0/16"
        ) from None
    if not LARGEST <= network.prefixlen <= SMALLEST:
        raise pulumi.RunError(
            f"network: cidr '{cidr}' is a /{network.prefixlen}; give one from /{LARGEST} to /{SMALLEST}"
        )
    if len(set(zones)) != len(zones):
        raise pulumi.RunError(f"network: zones names one twice: {', '.join(zones)}; name each zone once")
    for zone in zones:
        if zone[-1:] not in set(ZONE_LETTERS) or not zone[-2:-1].isdigit():
            raise pulumi.RunError(
                f"network: '{zone}' is no Availability Zone with a letter from a to h, such as eu-west-1a"
            )
    base, size = int(network.network_address), 2 ** (32 - network.prefixlen - BITS)
    return {
        tier: {
            zone: str(
                IPv4Network(
                    (
                        base + (TIERS.index(tier) * SLOTS_PER_TIER + ZONE_LETTERS.index(zone[-1])) * size,
                        network.prefixlen + BITS,
                    )
                )
            )
            for zone in zones
        }
        for tier in TIERS
    }
