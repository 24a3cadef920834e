"""The whole local stack, started once for the end-to-end tests by the command that people use.

`SITE_URL=http://127.0.0.1:8080 pytest tests/e2e` tests a site that runs already instead: a `make up` in
another terminal, or staging.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psutil
import pytest
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

ROOT = Path(__file__).parents[2]
START_SECONDS = 240
"""Generous: a loaded machine, the first compilation of everything."""
STOP_SECONDS = 60

expect.set_options(timeout=15_000)  # waits, so it costs nothing where the machine is quick
CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = [
    "--no-sandbox",  # CI and containers run as root, where Chromium has no sandbox
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WIDTHS = {"phone": {"width": 390, "height": 844}, "desk": {"width": 1280, "height": 900}}
PAGE_CHECKS = (Path(__file__).parent / "page_checks.js").read_text()
REPORT_VIOLATIONS = """
    addEventListener("securitypolicyviolation", (event) => {
        console.error(`CSP: ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}`);
    });
"""


@dataclass(frozen=True)
class LocalStack:
    site: str
    """Its address, without a slash at the end."""
    outputs: dict[str, Any]


@pytest.fixture(scope="session")
def local_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    if site := os.environ.get("SITE_URL"):
        yield LocalStack(site.rstrip("/"), {"site": site})
        return
    site_port, aws_port = free_ports(2)
    base = tmp_path_factory.mktemp("local-stack")
    log, folder = base / "up.log", base / "local"
    # A folder of its own: a `make up` in this checkout goes on undisturbed.
    command = [sys.executable, "-m", "localcloud", "up", "local", "--stop-with-parent"]
    command += ["--folder", str(folder), "--site-port", str(site_port), "--aws-port", str(aws_port)]
    with log.open("wb") as output:
        # A session of its own: Ctrl-C in the tests' terminal reaches the stack through this fixture only.
        process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )
    try:
        outputs = wait_for_outputs(process, log, folder / "outputs.json")
        yield LocalStack(outputs["site"].rstrip("/"), outputs)
        if process.poll() is not None:
            pytest.fail(f"the local stack died meanwhile ({process.returncode}):\n{tail(log)}", pytrace=False)
    finally:
        if process.poll() is None:
            stop(process, log, folder, ports=(site_port, aws_port))


def free_ports(number: int) -> list[int]:
    """Held together while they are drawn, so that they differ."""
    with ExitStack() as held:
        listeners = [held.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(number)]
        return [listener.getsockname()[1] for listener in listeners]


def wait_for_outputs(process: subprocess.Popen[bytes], log: Path, file: Path) -> dict[str, Any]:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            pytest.fail(f"the local stack ended with {process.returncode}:\n{tail(log)}", pytrace=False)
        if file.exists():
            return json.loads(file.read_text())
        time.sleep(0.1)
    pytest.fail(f"the local stack was not up after {START_SECONDS} s:\n{tail(log)}", pytrace=False)


def stop(process: subprocess.Popen[bytes], log: Path, folder: Path, ports: tuple[int, ...]) -> None:
    """Stop it as Ctrl-C does, and see that it leaves no process, no listener and no file."""
    family = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGINT)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        pytest.fail(f"the local stack did not stop in {STOP_SECONDS} s:\n{tail(log)}", pytrace=False)
    _, left = psutil.wait_procs(family, timeout=5)
    names = [f"{one.pid} {one.name()}" for one in left if one.is_running()]
    for one in left:
        one.kill()
    assert names == [], "processes left behind"
    assert [port for port in ports if is_open(port)] == [], "ports still listened on"
    assert not folder.exists(), f"{folder} still tells of a stack that is gone"


def is_open(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def tail(log: Path, lines: int = 40) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])


@pytest.fixture
async def client(local_stack: LocalStack) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=local_stack.site, timeout=30, trust_env=False) as opened:
        yield opened


@dataclass(frozen=True)
class Customer:
    name: str
    email: str
    password: str


@pytest.fixture
def new_customer() -> Callable[[], Customer]:
    def make() -> Customer:
        return Customer(
            "Grace Hopper", f"grace-{uuid4().hex}@example.com", f"a moth in relay {uuid4().hex[:8]}"
        )

    return make


@pytest.fixture
def sign_up(
    client: httpx.AsyncClient, new_customer: Callable[[], Customer]
) -> Callable[[], Awaitable[dict[str, Any]]]:
    """Register somebody new and sign them in: the answer of the token endpoint."""

    async def do() -> dict[str, Any]:
        customer = new_customer()
        registered = await client.post("/api/users", json=vars(customer))
        assert registered.status_code == 201, registered.text
        form = {"username": customer.email, "password": customer.password}
        signed_in = await client.post("/api/auth/token", data=form)
        assert signed_in.status_code == 200, signed_in.text
        return signed_in.json()

    return do


@dataclass
class Visit:
    """One person's browser: its first page, and everything that went wrong in it."""

    page: Page
    context: BrowserContext
    site: str
    faults: list[str] = field(default_factory=list)
    expected: set[str] = field(default_factory=set)
    """Parts of console messages that a test provokes."""

    def watch(self, page: Page) -> None:
        page.on("console", lambda message: self._hear(message.type, f"{message.text} {message.location}"))
        page.on("pageerror", lambda error: self.faults.append(f"uncaught: {error}"))
        page.on("request", lambda request: self._hear_request(request.url))

    def _hear(self, kind: str, text: str) -> None:
        if kind in {"error", "warning"} and not any(part in text for part in self.expected):
            self.faults.append(f"{kind}: {text}")

    def _hear_request(self, url: str) -> None:
        if not url.startswith(f"{self.site}/"):
            self.faults.append(f"asked another host: {url}")

    async def check(self) -> None:
        """What page_checks.js finds fault with."""
        assert await self.page.evaluate(PAGE_CHECKS) == [], self.page.url


Open = Callable[..., Awaitable[Visit]]


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    found = next((path for name in CHROMIUMS if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip(f"no browser: none of {', '.join(CHROMIUMS)} is on the PATH (apt-get install chromium)")
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(executable_path=found, args=FLAGS)
        yield launched
        await launched.close()


@pytest.fixture
async def open_shop(browser: Browser, local_stack: Any) -> AsyncIterator[Open]:
    visits: list[Visit] = []

    async def open_(path: str = "/", *, width: str = "desk", scheme: Any = "light") -> Visit:
        context = await browser.new_context(
            base_url=local_stack.site,
            viewport=WIDTHS[width],
            color_scheme=scheme,
            reduced_motion="reduce",
            locale="en-GB",
        )
        await context.add_init_script(REPORT_VIOLATIONS)
        page = await context.new_page()
        visit = Visit(page, context, local_stack.site)
        visit.watch(page)
        visits.append(visit)
        await page.goto(path)
        return visit

    yield open_
    faults = [fault for visit in visits for fault in visit.faults]
    for visit in visits:
        await visit.context.close()
    assert faults == []
