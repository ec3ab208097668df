"""Whether a process that was noted down earlier still runs; process ids are used again, so its start is noted too."""

from pathlib import Path


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
