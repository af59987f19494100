"""A visit's report in a real browser: it renders, prints on A4 and asks nobody for anything."""

import re
import subprocess
from pathlib import Path

import pytest

from bedside.report.assemble import assemble
from bedside.report.html import html
from tests.bedside.report.test_assembling import assessed
from tests.helpers.tools import need_tools

pytestmark = pytest.mark.system
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars")
A4_POINTS = (595, 842)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    bed = assessed(folder)
    path = folder / "report.html"
    path.write_text(html(assemble(bed.journal, bed.setup, folder, "control")), encoding="utf-8")
    return path


def browse(page: Path, *flags: str) -> subprocess.CompletedProcess[str]:
    """Run the browser once; it has a profile of its own beside the page."""
    chromium = need_tools("chromium")["chromium"]
    command = [chromium, *FLAGS, f"--user-data-dir={page.parent / 'profile'}", *flags, page.as_uri()]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)


@pytest.mark.timeout(180)
def test_the_browser_shows_all_of_it(page: Path) -> None:
    shown = browse(page, "--dump-dom", "--enable-logging=stderr", "--v=0")
    assert "Departs" not in shown.stdout
    for words in ("Assessment T0", "SIMULATED", "Standing: result", "<svg", "could not stand"):
        assert words in shown.stdout
    assert "Refused to" not in shown.stderr, "the page's own policy forbids something that it uses"
    assert "ERR_" not in shown.stderr


@pytest.mark.timeout(180)
def test_it_prints_on_a4(page: Path) -> None:
    pdf = page.with_suffix(".pdf")
    browse(page, f"--print-to-pdf={pdf}", "--no-pdf-header-footer")
    boxes = re.findall(rb"/MediaBox\s*\[\s*0\s+0\s+([\d.]+)\s+([\d.]+)\s*\]", pdf.read_bytes())
    assert boxes, "no page was printed"
    for wide, high in boxes:
        assert float(wide) == pytest.approx(A4_POINTS[0], abs=1.5)
        assert float(high) == pytest.approx(A4_POINTS[1], abs=1.5)
    assert len(boxes) <= 6
