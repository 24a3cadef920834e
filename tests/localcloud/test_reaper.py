"""No process of a run outlives it, however the run ends."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from localcloud.errors import LocalCloudError
from localcloud.processes import Processes
from localcloud.waiting import until

Eventually = Callable[..., None]

# A parent that starts children, one of which has a child of its own and ignores SIGTERM.
PARENT = """
import os, sys, time
from pathlib import Path
from localcloud.processes import Processes

folder = Path(sys.argv[1])
processes = Processes(folders=[folder / "run"])
env = {"PATH": os.defpath}
plain = processes.start("plain", ["sleep", "600"], env=env, cwd=folder)
script = "trap '' TERM; sleep 600 & echo $! > grandchild; wait; wait"
stubborn = processes.start("stubborn", ["sh", "-c", script], env=env, cwd=folder)
while not (folder / "grandchild").exists() or not (folder / "grandchild").read_text().strip():
    time.sleep(0.01)
print(plain.pid, stubborn.pid, (folder / "grandchild").read_text().strip(), flush=True)
MORE
time.sleep(600)
"""


def alive(pid: int) -> bool:
    """Whether a process runs; one that is dead and not yet collected does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = subprocess.run(
        ["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False
    ).stdout
    return bool(state.strip()) and not state.startswith("Z")


def start_parent(folder: Path, more: str = "") -> tuple[subprocess.Popen[str], list[int]]:
    (folder / "run" / "data").mkdir(parents=True)
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT.replace("MORE", more), str(folder)], stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    return parent, [int(pid) for pid in parent.stdout.readline().split()]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV])
def test_nothing_outlives_a_parent_that_dies(tmp_path: Path, eventually: Eventually, number: int) -> None:
    parent, children = start_parent(tmp_path)
    assert len(children) == 3
    assert all(alive(pid) for pid in children)
    parent.send_signal(number)
    parent.wait()
    eventually(lambda: not any(alive(pid) for pid in children), 10, f"of {children} some are alive")
    eventually(lambda: not (tmp_path / "run").exists(), 10, "the run's folder was left")


def test_a_child_that_was_just_started_is_not_missed(tmp_path: Path, eventually: Eventually) -> None:
    more = "last = [processes.start('late', ['sleep', '600'], env=env, cwd=folder).pid for _ in range(20)]\n"
    more += "print(*last, flush=True); os.kill(os.getpid(), 9)"
    parent, children = start_parent(tmp_path, more)
    assert parent.stdout is not None
    late = [int(pid) for pid in parent.stdout.readline().split()]
    assert len(late) == 20
    assert parent.wait() == -signal.SIGKILL
    eventually(lambda: not any(alive(pid) for pid in children + late), 10)


def test_the_reaper_ignores_the_signals_of_a_terminal(tmp_path: Path, eventually: Eventually) -> None:
    parent, children = start_parent(tmp_path, "print(processes._reaper.pid, os.getsid(0), flush=True)")
    assert parent.stdout is not None
    reaper, session = (int(word) for word in parent.stdout.readline().split())
    assert os.getsid(reaper) not in {session, *children}
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        os.kill(reaper, number)
    parent.kill()
    parent.wait()
    eventually(lambda: not any(alive(pid) for pid in children), 10)
    eventually(lambda: not alive(reaper), 10, "the reaper itself was left")


def test_an_orderly_end_stops_all_and_leaves_what_is_to_be_kept(tmp_path: Path) -> None:
    run, kept = tmp_path / "run", tmp_path / "kept"
    run.mkdir()
    kept.mkdir()
    with Processes(folders=[run, kept]) as processes:
        child = processes.start("child", ["sleep", "600"], env={"PATH": os.defpath}, cwd=tmp_path)
        assert os.getpgid(child.pid) == child.pid != os.getpgid(0)
        processes.keep(kept)
    assert child.exit_code() == -signal.SIGTERM
    assert not run.exists()
    assert kept.exists()


def test_stop_kills_the_whole_group_of_a_stubborn_child(tmp_path: Path, eventually: Eventually) -> None:
    with Processes() as processes:
        script = "trap '' TERM; sleep 600 & echo $! > grandchild; wait; wait"
        child = processes.start("child", ["sh", "-c", script], env={"PATH": os.defpath}, cwd=tmp_path)
        eventually(
            lambda: (tmp_path / "grandchild").exists() and (tmp_path / "grandchild").read_text().strip()
        )
        grandchild = int((tmp_path / "grandchild").read_text())
        assert child.stop(timeout_seconds=0.2) == -signal.SIGKILL
        eventually(lambda: not alive(grandchild), 5)


def test_a_child_that_ends_at_its_start_is_told_with_its_last_lines(tmp_path: Path) -> None:
    with Processes() as processes:
        child = processes.start(
            "The thing", ["sh", "-c", "echo it is broken; exit 7"], env={"PATH": os.defpath}, cwd=tmp_path,
            log=tmp_path / "log",
        )  # fmt: skip
        with pytest.raises(LocalCloudError, match="The thing ended at its start, exit code 7") as error:
            until(lambda: False, child)
    assert error.value.log == ("it is broken",)


def test_an_end_that_the_reaper_did_not_live_to_see_is_no_crash(tmp_path: Path) -> None:
    processes = Processes()
    child = processes.start("child", ["sleep", "600"], env={"PATH": os.defpath}, cwd=tmp_path)
    processes._reaper.kill()
    processes._reaper.wait()
    assert not processes.reaper_lives()
    processes.close()
    assert child.exit_code() is not None
