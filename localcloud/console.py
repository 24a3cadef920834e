"""What `make up` prints: progress on a terminal, plain lines elsewhere, errors on standard error."""

import contextlib
import sys
import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table


@dataclass
class Step:
    """A step under way; `detail` is shown beside it on a terminal."""

    progress: Progress | None = None
    detail: str = ""
    result: str = ""
    """What came of it, for the line that stays."""

    def show(self, detail: str) -> None:
        self.detail = detail
        if self.progress is not None:
            self.progress.update(self.progress.task_ids[0], detail=detail)


@dataclass
class Output:
    """Where a person looks. Safe to use from several threads."""

    out: Console = field(default_factory=lambda: Console(highlight=False, soft_wrap=True))
    error: Console = field(default_factory=lambda: Console(stderr=True, highlight=False, soft_wrap=True))

    @contextlib.contextmanager
    def step(self, what: str) -> Generator[Step]:
        """Say what begins, and how long it took."""
        started = time.monotonic()
        if self.out.is_terminal:
            columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
            detail = TextColumn("[dim]{task.fields[detail]}")
            with Progress(
                *columns, detail, console=self.out, transient=True, refresh_per_second=5
            ) as progress:
                step = Step(progress)
                progress.add_task(what, total=None, detail="")
                yield step
            mark = "[green]✓[/green] "
        else:
            self.line(f"{what} ...")
            step = Step()
            yield step
            mark = "  "
        seconds = f"{time.monotonic() - started:.1f} s"
        if self.out.is_terminal:
            self.out.print(f"{mark}{what}: {step.result or 'ready'} [dim]({seconds})[/dim]")
        else:
            self.line(f"{mark}{step.result or 'ready'} ({seconds})")

    def line(self, text: str) -> None:
        self.out.print(text, markup=False)
        sys.stdout.flush()

    def fail(self, message: str, log: Sequence[str] = ()) -> None:
        """The one line of an error, and below it what the part in question wrote last."""
        self.error.print(f"[red]error:[/red] {_escape(message)}{'; its last lines:' if log else ''}")
        for line in log:
            self.error.print(f"  {line}", markup=False)

    def close(self) -> None:
        """Leave the terminal as it was, though a step was cut off."""
        if self.out.is_terminal:
            self.out.show_cursor(True)
        for stream in (sys.stdout, sys.stderr):
            stream.flush()

    def table(self, rows: Sequence[tuple[str, str]]) -> None:
        table = Table(show_header=False, box=None, pad_edge=True, padding=(0, 2))
        for name, value in rows:
            table.add_row(name, f"[bold]{_escape(value)}[/bold]")
        self.out.print()
        self.out.print(table)
        self.out.print()


def _escape(text: str) -> str:
    return text.replace("[", "\\[")
