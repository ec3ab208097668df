import subprocess
import sys

import pytest
from tiny_training import REPOSITORY

# How much of a block of 64 MB is still resident after it was freed, in kB.
_PROGRAM = """
import re
import numpy as np
from pathlib import Path
from train.allocator import keep_freed_memory
def resident():
    return int(re.search(r"VmRSS:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
assert {keep} == 0 or keep_freed_memory()
before = resident()
np.ones(2**26, np.uint8)
print(resident() - before)
"""


def _kept(keep: bool) -> int:
    program = _PROGRAM.format(keep=int(keep))
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=REPOSITORY, capture_output=True, text=True, check=True, timeout=120
    )
    return int(done.stdout)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc only")
def test_freed_memory_is_not_given_back() -> None:
    assert _kept(keep=False) < 2**14
    assert _kept(keep=True) > 2**15
