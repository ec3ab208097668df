"""The NVIDIA GPUs of the server, as `nvidia-smi` tells them."""

import shutil
import subprocess
from dataclasses import dataclass

import streamlit as st

_QUERY = ["--query-gpu=name,memory.total,memory.used,utilization.gpu", "--format=csv,noheader,nounits"]
_SECONDS = 5


@dataclass(frozen=True)
class Gpu:
    """One GPU: its name, memory in MB, and how busy it is in percent."""

    name: str
    memory: int
    memory_used: int
    busy: int


@st.cache_data(ttl=2, show_spinner=False)
def gpus() -> list[Gpu]:
    """All GPUs; empty where there is none or its driver does not answer."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return []
    try:
        shown = subprocess.run([program, *_QUERY], capture_output=True, text=True, timeout=_SECONDS, check=True).stdout
    except (subprocess.SubprocessError, OSError):
        return []
    return parse(shown)


def parse(shown: str) -> list[Gpu]:
    """Read the lines of `nvidia-smi`; a figure that the GPU does not tell ("[N/A]") is 0."""
    found = []
    for line in shown.strip().splitlines():
        name, *figures = (part.strip() for part in line.rsplit(",", 3))
        found.append(Gpu(name, *(int(figure) if figure.isdigit() else 0 for figure in figures)))
    return found
