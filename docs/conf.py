"""How the book is built: ``make book``. Lessons are executed; nothing is fetched while reading.

MINIGEN_BOOK_EXECUTE, a pattern of file names, and MINIGEN_BOOK_SMOKE=1 build it faster, for
tests.
"""

import hashlib
import logging
import os
import re
import shutil
import sys
from importlib import metadata
from pathlib import Path

import matplotlib.animation

import minigen
import minigen.learn.show

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "_ext"))

project = "minigen"
author = "the minigen authors"
version = release = minigen.__version__
extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.mathjax",
    "sphinx_gallery.gen_gallery",
    "lesson_text",
    "equation_index",
    "plain_docstrings",
]
exclude_patterns = ["_build"]
# Exercises have the names of their lessons; they are not shown, so no link can go wrong.
suppress_warnings = ["sphinx_gallery.duplicate_filename"]

# ---------------------------------------------------------------- lessons
sphinx_gallery_conf = {
    "examples_dirs": ["../lessons"],
    "gallery_dirs": ["lessons"],
    "filename_pattern": os.environ.get("MINIGEN_BOOK_EXECUTE", r"/\d\d_"),
    "ignore_pattern": r"/exercises/",
    "within_subsection_order": "FileNameSortKey",
    "matplotlib_animations": True,
    "abort_on_example_error": True,
    "write_computation_times": False,
    "remove_config_comments": True,
    "show_signature": False,
    "reset_argv": "lesson_text.arguments",
    "image_scrapers": ("matplotlib",),
}
sys.modules["minigen.learn.show"].__dict__["_handler"] = lambda picture: None  # the gallery shows

# The player of an animation asks a server for its icons; custom.css draws them instead.
matplotlib.animation.JS_INCLUDE = re.sub(r"<link[^>]*>", "", matplotlib.animation.JS_INCLUDE)
matplotlib.rcParams["animation.embed_limit"] = 30
matplotlib.rcParams["animation.writer"] = "pillow"
logging.getLogger("matplotlib.animation").setLevel(logging.ERROR)  # says which writer it took

# ---------------------------------------------------------------- mathematics, without network
MATHJAX = "tex-svg-full.js"  # MathJax 3.2.2, es5
SHA256 = "a4354ff94fd868aea0cc6eaaa79a57fda0588646fc46ee3700a349ee0a11cbe6"
(source,) = (
    Path(str(file.locate()))
    for file in metadata.files("sphinx-mathjax-offline") or ()
    if file.name == MATHJAX
)
if hashlib.sha256(source.read_bytes()).hexdigest() != SHA256:
    raise RuntimeError(
        f"book: {source} must be MathJax 3.2.2; install sphinx-mathjax-offline==0.0.2"
    )
generated = HERE / "_build" / "static"
generated.mkdir(parents=True, exist_ok=True)
shutil.copyfile(source, generated / MATHJAX)
mathjax_path = MATHJAX
mathjax3_config = {"svg": {"fontCache": "local"}, "options": {"enableMenu": False}}

# ---------------------------------------------------------------- pages
html_theme = "furo"
html_title = "minigen"
html_static_path = ["_static", str(generated)]
html_css_files = ["custom.css"]
html_js_files = ["symbols.js"]
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False
autodoc_typehints = "none"
autodoc_member_order = "bysource"
highlight_language = "python"
