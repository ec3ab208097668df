"""The browser's files and what the web process imports."""

import re
import subprocess
import sys
from pathlib import Path

from ui import assets
from ui.viewer import JAVASCRIPT

ROOT = Path(__file__).parents[2]


def test_joining_leaves_one_module_with_one_default_export() -> None:
    assert not re.search(r"^import ", JAVASCRIPT, flags=re.MULTILINE)
    assert re.findall(r"^export .*", JAVASCRIPT, flags=re.MULTILINE) == [
        "export default function ({ parentElement, data, setTriggerValue }) {"
    ]


def test_each_module_stands_after_those_it_imports() -> None:
    order = re.findall(r'"viewer/(\w+)\.js"', (ROOT / "ui/viewer/__init__.py").read_text())
    assert sorted(order) == sorted(path.stem for path in (ROOT / "ui/viewer").glob("*.js"))
    for at, module in enumerate(order):
        for imported in re.findall(r'from "\./(\w+)\.js"', assets.text(f"viewer/{module}.js")):
            assert imported in order[:at], f"{module} imports {imported}, which must come first"


def test_no_file_of_the_browser_names_another_host() -> None:
    for path in (ROOT / "ui").rglob("*"):
        if path.suffix in {".js", ".css", ".html"}:
            assert not re.search(r"https?://|//\w+\.\w+/", path.read_text()), path


def test_the_web_process_imports_neither_tensorflow_nor_training() -> None:
    script = (
        "import sys, ui.review\n"
        "heavy = {'tensorflow', 'keras', 'train', 'pandas', 'sklearn'} & {name.split('.')[0] for name in sys.modules}\n"
        "print(sorted(heavy))"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
