"""The CPU and memory that Fargate has, and no others."""

from collections.abc import Mapping, Sequence

import pulumi

GIB = 1024
FARGATE_MEMORY_MIB: Mapping[int, Sequence[int]] = {
    256: (512, 1 * GIB, 2 * GIB),
    512: range(1 * GIB, 4 * GIB + 1, GIB),
    1024: range(2 * GIB, 8 * GIB + 1, GIB),
    2048: range(4 * GIB, 16 * GIB + 1, GIB),
    4096: range(8 * GIB, 30 * GIB + 1, GIB),
    8192: range(16 * GIB, 60 * GIB + 1, 4 * GIB),
    16384: range(32 * GIB, 120 * GIB + 1, 8 * GIB),
}
"""Memory that Fargate has for each CPU value: AmazonECS/latest/developerguide/fargate-tasks-services.html"""


def refuse_bad_size(cpu: int, memory_mib: int) -> None:
    """Refuse what AWS would when it registers the task definition."""
    memory = FARGATE_MEMORY_MIB.get(cpu)
    if memory is None:
        raise pulumi.RunError(f"task: cpu is {cpu}; Fargate has {', '.join(map(str, FARGATE_MEMORY_MIB))}")
    if memory_mib not in memory:
        raise pulumi.RunError(
            f"task: memory_mib is {memory_mib} with cpu {cpu}; Fargate has {', '.join(map(str, memory))}"
        )
