"""`make bench`: what the program costs, as ratios measured in one run, medians of interleaved pairs.

1. registering the whole prod program under bare mocks, against a flat replay of the same resources
2. the slope per service, for 1, 10, 50 and 100 services, against the flat replay's
3. seconds from `make up` to the first answered request, warm and from a fresh clone

`python tests/bench [registration] [slope] [up]` measures only those.
"""

import json
import os
import platform
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from datetime import date
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]

import flat

from operations import program
from operations.recording import RecordingMocks

PAIRS = int(os.environ.get("PAIRS", "7"))
SERVICES = (1, 10, 50, 100)
ENVIRONMENT = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
"""Bytecode as a user has it: a shell that forbids writing it would triple every start."""
REGISTER = [sys.executable, str(Path(__file__).parent / "register.py")]
UP_DEADLINE_SECONDS = 300


def main() -> int:
    wanted = sys.argv[1:] or ["registration", "slope", "up"]
    measures = {"registration": registration, "slope": slope, "up": up}
    if unknown := [name for name in wanted if name not in measures]:
        print(f"bench: no measure '{unknown[0]}'; there are {', '.join(measures)}", file=sys.stderr)
        return 2
    print(
        f"{date.today()}, {os.cpu_count()} cores, {platform.system()} {platform.machine()}, "
        f"Python {platform.python_version()}"
    )
    for name in wanted:
        measures[name]()
    return 0


def registration() -> None:
    """Ratio 1; goal 0.7 or less."""
    with tempfile.TemporaryDirectory() as folder:
        replay = Path(folder) / "flat"
        run = program.run("prod", RecordingMocks())
        count = flat.write(run, replay, "prod")
        ours, theirs = _pairs([*REGISTER, str(ROOT), "prod"], [*REGISTER, str(replay), "prod"], ENVIRONMENT)
    print(
        f"1. prod, {count} resources: {statistics.median(ours):.2f} s, flat replay "
        f"{statistics.median(theirs):.2f} s, ratio {_ratio(ours, theirs):.2f} (goal 0.70 or less)"
    )


def slope() -> None:
    """Ratio 2; goal 1.0 or less."""
    ours: dict[int, float] = {}
    theirs: dict[int, float] = {}
    for services in SERVICES:
        environment = {**ENVIRONMENT, "SERVICES": str(services)}
        with tempfile.TemporaryDirectory() as folder:
            root, replay = Path(folder) / "components", Path(folder) / "flat"
            shutil.copytree(Path(__file__).parent / "services", root / "platform")
            (root / "Pulumi.yaml").write_text("name: causeway\nruntime: python\n", encoding="utf-8")
            (root / "Pulumi.bench.yaml").write_text("config:\n  aws:region: eu-west-1\n", encoding="utf-8")
            os.environ["SERVICES"] = str(services)
            count = flat.write(program.run("bench", RecordingMocks(), root=root), replay, "bench")
            a, b = _pairs([*REGISTER, str(root), "bench"], [*REGISTER, str(replay), "bench"], environment)
        ours[services], theirs[services] = statistics.median(a), statistics.median(b)
        print(
            f"2. {services:3} services, {count:4} resources: {ours[services]:.2f} s, "
            f"flat replay {theirs[services]:.2f} s, ratio {_ratio(a, b):.2f}"
        )
    first, last = SERVICES[0], SERVICES[-1]
    per_service = [(times[last] - times[first]) / (last - first) * 1000 for times in (ours, theirs)]
    print(
        f"   slope: {per_service[0]:.1f} ms a service, flat replay {per_service[1]:.1f} ms, "
        f"ratio {per_service[0] / per_service[1]:.2f} (goal 1.00 or less)"
    )


def up() -> None:
    """Seconds 3: set-up included from a fresh clone (goal 180), and warm (goal 30)."""
    with tempfile.TemporaryDirectory() as folder:
        clone = Path(folder) / "clone"
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
        fresh = _first_answer(clone)
        warm = [_first_answer(clone) for _ in range(3)]
    print(f"3. make up to the first answered request: fresh clone {fresh:.0f} s (goal 180 or less), ", end="")
    print(f"warm {statistics.median(warm):.1f} s (goal 30 or less)")


def _first_answer(checkout: Path) -> float:
    start = time.monotonic()
    process = subprocess.Popen(
        ["make", "up"], cwd=checkout, env=ENVIRONMENT, stdout=subprocess.DEVNULL, start_new_session=True
    )
    outputs = checkout / ".local" / "outputs.json"
    try:
        while time.monotonic() - start < UP_DEADLINE_SECONDS:
            if process.poll() is not None:
                raise SystemExit(f"bench: make up ended with exit code {process.returncode}")
            if outputs.exists():
                site = json.loads(outputs.read_text(encoding="utf-8"))["site"]
                with urllib.request.urlopen(f"{site.rstrip('/')}/api/items") as answer:  # noqa: S310 our own
                    answer.read()
                return time.monotonic() - start
            time.sleep(0.05)
        raise SystemExit(f"bench: no answer within {UP_DEADLINE_SECONDS} s")
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGINT)
        process.wait()


def _pairs(
    ours: list[str], theirs: list[str], environment: dict[str, str]
) -> tuple[list[float], list[float]]:
    _time(ours, environment), _time(theirs, environment)  # warm: bytecode and file cache
    timed = [(_time(ours, environment), _time(theirs, environment)) for _ in range(PAIRS)]
    return [a for a, _ in timed], [b for _, b in timed]


def _ratio(ours: list[float], theirs: list[float]) -> float:
    return statistics.median(a / b for a, b in zip(ours, theirs, strict=True))


def _time(command: list[str], environment: dict[str, str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


if __name__ == "__main__":
    sys.exit(main())
