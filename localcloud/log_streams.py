"""Ships what containers write to CloudWatch Logs, as the `awslogs` driver does, and to local files."""

import contextlib
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from botocore.exceptions import BotoCoreError, ClientError

from localcloud.clients import Clients
from localcloud.container import TaskFailedError

FLUSH_SECONDS = 0.5
BATCH_EVENTS = 1000
LINE_CHARACTERS = 250_000
"""CloudWatch Logs takes events of 256 KiB."""


class LogStream:
    """The log of one container of one task."""

    def __init__(self, client: Any, group: str | None, stream: str, file: Path) -> None:
        self._client = client
        self._group = group
        self._stream = stream
        self._file = file
        self._lock = threading.Lock()
        self._events: list[dict[str, Any]] = []
        self._reader: threading.Thread | None = None

    def follow(self, output: IO[bytes]) -> None:
        """Take what a process writes until it closes its output."""
        self._reader = threading.Thread(target=self._read, args=(output,), daemon=True, name=self._stream)
        self._reader.start()

    def finish(self, timeout_seconds: float = 2.0) -> None:
        """Take the last lines of a process that ended, and ship them."""
        if self._reader is not None:
            self._reader.join(timeout_seconds)
        self.flush()

    def flush(self) -> None:
        """Ship what has come since the last time. The file has it all, should the emulator be away."""
        with self._lock:
            events, self._events = self._events[:BATCH_EVENTS], self._events[BATCH_EVENTS:]
        if events and self._group is not None:
            with contextlib.suppress(ClientError, BotoCoreError):
                self._client.put_log_events(
                    logGroupName=self._group, logStreamName=self._stream, logEvents=events
                )

    def _read(self, output: IO[bytes]) -> None:
        with output, self._file.open("ab", buffering=0) as file:
            for line in output:
                file.write(line)
                message = line.decode(errors="replace").rstrip("\r\n")[:LINE_CHARACTERS]
                if message and self._group is not None:  # CloudWatch Logs takes no empty event
                    with self._lock:
                        self._events.append({"timestamp": int(time.time() * 1000), "message": message})


class LogStreams:
    """All log streams of the run, flushed by one thread."""

    def __init__(self, clients: Clients, region: str, folder: Path) -> None:
        self._clients = clients
        self._region = region
        self._folder = folder
        self._open: set[LogStream] = set()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._flush, daemon=True, name="log-streams")
        self._thread.start()

    def open(
        self, options: Mapping[str, str] | None, *, container: str, task_id: str, file: str
    ) -> LogStream:
        """The stream of a container, `prefix/container/task` as ECS names it. Raises TaskFailedError."""
        group = (options or {}).get("awslogs-group")
        client = self._clients.get("logs", (options or {}).get("awslogs-region", self._region))
        name = f"{(options or {}).get('awslogs-stream-prefix', container)}/{container}/{task_id}"
        if group is not None:
            try:
                if (options or {}).get("awslogs-create-group") == "true":
                    with contextlib.suppress(client.exceptions.ResourceAlreadyExistsException):
                        client.create_log_group(logGroupName=group)
                client.create_log_stream(logGroupName=group, logStreamName=name)
            except (ClientError, BotoCoreError) as error:
                raise TaskFailedError(
                    f"ResourceInitializationError: failed to create log stream {name} in {group}: {error}"
                ) from None
        stream = LogStream(client, group, name, self._folder / f"{file}.log")
        self._open.add(stream)
        return stream

    def finish(self, stream: LogStream) -> None:
        stream.finish()
        self._open.discard(stream)

    def close(self) -> None:
        self._closed.set()

    def _flush(self) -> None:
        while not self._closed.wait(FLUSH_SECONDS):
            for stream in list(self._open):
                stream.flush()
