"""Processes of the program's own: how one is started, and whether one that was noted down earlier still runs.

Process ids are used again, so a process's start is noted with its id.
"""

import os
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[1]


def module_environment() -> dict[str, str]:
    """The environment for `python -m pneumo_core...`: finds this program's modules from any folder, and no GPU."""
    paths = filter(None, (str(_ROOT), os.environ.get("PYTHONPATH")))
    return os.environ | {"PYTHONPATH": os.pathsep.join(paths), "CUDA_VISIBLE_DEVICES": "-1"}


def process_start(pid: int) -> str:
    """When a process began, in clock ticks since the machine started; "" where there is none or no /proc."""
    try:
        # The second field is the program's name in brackets and may hold anything; the 22nd is the start.
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return ""
    is_zombie = fields[0] == "Z"
    return "" if is_zombie else fields[19]


def process_runs(pid: int, started: str) -> bool:
    """Whether the process with this id and this start still runs."""
    return started != "" and process_start(pid) == started
