# SPDX-License-Identifier: MIT
"""How Sphinx makes the book: Markdown by MyST, the theme Furo, no network."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

project = "nop5: how a kernel traces itself"
author = "the authors of nop5"
language = "en"
extensions = ["myst_parser", "book.directives"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["**/DESIGN.md", "DESIGN.md", "slides.md", "__pycache__"]
myst_heading_anchors = 3
nitpicky = True

html_theme = "furo"
html_title = project
html_static_path = ["style.css"]
html_css_files = ["style.css"]
html_show_sourcelink = False
html_copy_source = False
html_show_copyright = False
html_theme_options = {"navigation_with_keys": True}
# Two builds of the same text have the same bytes.
html_last_updated_fmt = None
