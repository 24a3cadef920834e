"""One registration of a program under bare mocks, as a process of its own: `register.py ROOT STACK`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from operations import program
from operations.recording import RecordingMocks

root, stack = Path(sys.argv[1]), sys.argv[2]
print(len(program.run(stack, RecordingMocks(), root=root).resources))
