"""The book builds without a warning, asks no other machine for anything, and shows mathematics.

Two lessons in a short form are enough to try every part; the slow test builds all of it.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip("sphinx_gallery", reason="the book needs minigen[docs]")

ROOT = Path(__file__).parents[2]
CHROMIUM = (
    shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)
needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on the PATH")
PAGES = ["index.html", "lessons/index.html", "lessons/05_adam.html", "lessons/01_autograd.html",
         "equations.html", "notation.html", "api.html"]  # fmt: skip
LOADED = re.compile(r"<(?:script|link|img|iframe|source|video)\b[^>]*?\b(?:src|href)=\"([^\"]+)\"")


def build(target, **environment):
    """Build the book from a copy of its sources; the folder of its pages."""
    source = target / "docs"
    ignore = shutil.ignore_patterns("_build", "lessons", "equations.rst", "__pycache__")
    shutil.copytree(ROOT / "docs", source, ignore=ignore)
    for name in ("lessons", "minigen", "tests"):
        (target / name).symlink_to(ROOT / name)
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html",
         str(source), str(target / "html")],
        env={**os.environ, **environment}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return target / "html"


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    target = tmp_path_factory.mktemp("book")
    return build(target, MINIGEN_BOOK_SMOKE="1", MINIGEN_BOOK_EXECUTE=r"/0[135]_")


def browse(page, folder, *options, width=1200):
    """Open a page without a screen: (the page as it was shown, what went to the console, the
    addresses that were asked for)."""
    log = folder / "net.json"
    done = subprocess.run(
        [CHROMIUM, "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--disable-default-apps", "--disable-extensions", f"--user-data-dir={folder / 'profile'}",
         "--allow-file-access-from-files", "--enable-logging=stderr", f"--log-net-log={log}",
         f"--window-size={width},900", "--virtual-time-budget=20000", *options,
         "--dump-dom", page.as_uri()],
        capture_output=True, text=True, timeout=180,
    )  # fmt: skip
    console = [line for line in done.stderr.splitlines() if ":CONSOLE" in line]
    text = log.read_text()
    try:
        events = json.loads(text)["events"]
    except json.JSONDecodeError:  # the log of a browser that was stopped is not closed
        events = json.loads(text.rstrip().rstrip(",") + "]}")["events"]
    asked = {e["params"]["url"] for e in events if "url" in e.get("params", {})}
    return done.stdout, console, asked


def outside(addresses):
    """Addresses on other machines; the browser's own calls home are not the page's."""
    own = ("accounts.google.com", "googleapis.com", "gvt1.com", "google.com", "chrome://")
    return [a for a in addresses if a.startswith("http") and not any(host in a for host in own)]


# ---------------------------------------------------------------- what stands in the pages
def test_pages_load_nothing_from_elsewhere(book):
    pages = sorted(book.rglob("*.html"))
    assert len(pages) >= 15
    for page in pages:
        for address in LOADED.findall(page.read_text(encoding="utf-8")):
            assert not re.match(r"(https?:)?//", address), f"{page.name} loads {address}"
    for sheet in book.rglob("*.css"):
        assert not re.search(r"url\(['\"]?(https?:)?//", sheet.read_text(encoding="utf-8")), sheet


def test_equations_have_numbers_anchors_and_links(book):
    page = (book / "lessons/05_adam.html").read_text(encoding="utf-8")
    assert 'id="eq-5-3"' in page
    assert 'href="05_adam.html#eq-5-3"' in page
    assert 'href="../equations.html#E.ADAM"' in page
    assert r"\tag" not in page.split("<article")[1]
    index = (book / "equations.html").read_text(encoding="utf-8")
    assert 'id="E.ADAM"' in index
    assert "minigen/optim/adam.py:" in index
    assert "lessons/05_adam.html" in index
    assert "sqrt(v + epsilon) instead of sqrt(v) + epsilon" in index


def test_symbols_are_marked_in_formulas_and_their_comment_is_gone(book):
    page = (book / "lessons/05_adam.html").read_text(encoding="utf-8")
    assert r"\class{symbol symbol-m_hat}{\hat{m}}_t" in page
    assert "symbols: m=m" not in page
    assert '"m_hat"' in page.split("window.lessonSymbols")[1][:200]


def test_what_a_lesson_printed_is_left_as_it_is(book):
    page = (book / "lessons/03_gradient_descent.html").read_text(encoding="utf-8")
    assert "by (3.7)" in page
    for block in re.findall(r"<pre.*?</pre>", page, flags=re.DOTALL):
        assert ".html#eq" not in block
        assert ":math:" not in block


def test_a_lesson_was_executed_and_can_be_taken_along(book):
    page = (book / "lessons/05_adam.html").read_text(encoding="utf-8")
    assert "first step, stated:" in page
    assert list((book / "_images").glob("*05_adam_001.png"))
    for kind in ("ipynb", "py"):
        assert list(book.glob(f"_downloads/*/05_adam.{kind}"))
    film = (book / "lessons/01_autograd.html").read_text(encoding="utf-8")
    assert "anim-buttons" in film
    assert "font-awesome" not in film


# ---------------------------------------------------------------- what a browser makes of them
@needs_browser
@pytest.mark.parametrize("name", PAGES)
def test_in_a_browser(book, tmp_path, name):
    shown, console, asked = browse(book / name, tmp_path)
    assert [line for line in console if "ERROR" in line or "Uncaught" in line] == []
    assert outside(asked) == []
    assert 'data-mml-node="merror"' not in shown.split("<body")[1]
    if name not in ("index.html", "api.html", "lessons/index.html"):
        assert shown.count("<mjx-container") > 5
        assert shown.count("<svg") > 5
        assert r"\frac" not in re.sub(r"<(script|code|pre)\b.*?</\1>", "", shown, flags=re.DOTALL)


MEASURE = """<iframe id="f" width="390" height="800" src="{page}"></iframe><p id="said"></p>
<script>window.onload = () => setTimeout(() => {{
  const root = document.getElementById("f").contentDocument.documentElement;
  document.getElementById("said").textContent = "wide " + root.scrollWidth;
}}, 8000);</script>"""


@needs_browser
@pytest.mark.parametrize("name", ["lessons/05_adam.html", "equations.html", "lessons/index.html"])
def test_on_a_telephone_nothing_sticks_out(book, tmp_path, name):
    frame = tmp_path / "frame.html"
    frame.write_text(MEASURE.format(page=(book / name).as_uri()))
    shown, _, _ = browse(frame, tmp_path)
    assert int(re.search(r"wide (\d+)", shown)[1]) <= 390


@needs_browser
def test_a_symbol_and_its_name_are_marked_in_the_shown_page(book, tmp_path):
    shown, _, _ = browse(book / "lessons/05_adam.html", tmp_path)
    assert re.search(r'<g [^>]*class="symbol symbol-m_hat"', shown)
    assert re.search(r'<span class="n symbol symbol-m_hat"', shown)


@pytest.mark.slow
def test_the_whole_book(tmp_path):
    begin = time.perf_counter()
    pages = build(tmp_path)
    assert time.perf_counter() - begin < 600
    for lesson in sorted((ROOT / "lessons").glob("[0-9]*.py")):
        page = (pages / "lessons" / f"{lesson.stem}.html").read_text(encoding="utf-8")
        assert "sphx-glr-script-out" in page
        assert "sphx_glr_" in page or "anim-buttons" in page
