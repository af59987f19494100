"""The suite's own guard against leaked tasks must catch one."""

import subprocess
import sys
from pathlib import Path

LEAKY = """
import asyncio

async def test_leaks() -> None:
    asyncio.get_running_loop().leaked = asyncio.create_task(asyncio.sleep(60))

async def test_clean() -> None:
    await asyncio.create_task(asyncio.sleep(0))
"""


def test_a_test_that_leaves_a_task_running_fails(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text((Path(__file__).parent / "conftest.py").read_text())
    (tmp_path / "test_leaky.py").write_text(LEAKY)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-o", "asyncio_mode=auto", str(tmp_path)]
    result = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert "2 passed, 1 error" in result.stdout
    assert "tasks left running" in result.stdout
