# SPDX-License-Identifier: MIT
"""What the book adds to Sphinx.

transcript      a session that the tests play again (book/transcripts.py)
literalinclude  as Sphinx's, with a caption, and :function: NAME for the lines
                of one function of a C, NASM or Python file
fig             a figure of a table of results (book/figures.py)
linux           a place in Linux's tree, "file: name"
"""
import pathlib
import re

from docutils import nodes
from docutils.parsers.rst import directives
from pygments.lexer import RegexLexer, bygroups
from pygments.token import Comment, Generic, Text
from sphinx.directives.code import LiteralInclude
from sphinx.util.docutils import SphinxDirective

from book import excerpt, figures

ROOT = pathlib.Path(__file__).resolve().parent.parent


class TranscriptLexer(RegexLexer):
    """What is typed stands out from what comes."""
    name = "nop5-transcript"
    aliases = [name]
    tokens = {"root": [
        (r"(nop5# |\$ )(.*\n)", bygroups(Generic.Prompt, Generic.Strong)),
        (r"\.\.\.\n", Comment),
        (r".*\n", Text),
    ]}


class Transcript(SphinxDirective):
    """The argument is the name by which slides refer to it."""
    has_content = True
    required_arguments = 1

    def run(self):
        text = "\n".join(self.content)
        block = nodes.literal_block(text, text, language="nop5-transcript",
                                    classes=["transcript"])
        self.set_source_info(block)
        return [block]


class SourceInclude(LiteralInclude):
    """Code by reference."""
    option_spec = {**LiteralInclude.option_spec,
                   "function": directives.unchanged}

    def run(self):
        relative, path = self.env.relfn2path(self.arguments[0])
        self.options.setdefault("caption", str(
            pathlib.Path(path).resolve().relative_to(ROOT)))
        self.options.setdefault("tab-width", 8)
        self.options.setdefault("language", excerpt.language(relative))
        name = self.options.pop("function", None)
        if name:
            text = pathlib.Path(path).read_text(encoding="utf-8")
            try:
                first, last = excerpt.function(text, name)
            except LookupError as error:
                raise self.error(f"{relative}: {error}")
            self.options["lines"] = f"{first}-{last}"
        return super().run()


def fig(_name, raw, text, _line, inliner, _options=None, _content=None):
    """`33 (call.ops2)`: shows 33, and says where it is from."""
    try:
        figure = figures.parse(text)
    except ValueError as error:
        message = inliner.reporter.error(str(error))
        return [inliner.problematic(raw, raw, message)], [message]
    return [nodes.inline(raw, figure.shown, classes=["figure-of-table"])], []


def linux(_name, raw, text, *_more, **_others):
    return [nodes.literal(raw, text, classes=["linux"])], []


# Debian's Furo has a module that imports another one, and a page opened from a
# file may load neither. As two plain scripts, one after the other, they work.
IMPORTED, IMPORT = "scripts/gumshoe-patched.js", "import Gumshoe"


def plain_scripts(app, error):
    """After the build."""
    path = pathlib.Path(app.outdir, "_static/scripts/furo.js")
    if not error and path.exists():
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        path.write_text("".join(line for line in lines
                                if not line.startswith(IMPORT)),
                        encoding="utf-8")


# Debian's build of furo.css lacks the rule that follows the desktop: without it
# code alone is dark.
DARK = re.compile(r'body\[data-theme="dark"\] (\{[^{}]*--color-[^{}]*\})')
TWIN = ('\n@media not print {{ @media (prefers-color-scheme: dark) {{\n'
        'body:not([data-theme="light"]) {}\n}} }}\n')


def dark_by_desktop(app, error):
    """After the build."""
    path = pathlib.Path(app.outdir, "_static/styles/furo.css")
    if not error and path.exists():
        text = path.read_text(encoding="utf-8")
        if "prefers-color-scheme" not in text:
            found = DARK.search(text)
            if not found:
                raise RuntimeError("furo.css has no dark theme")
            path.write_text(text + TWIN.format(found[1]), encoding="utf-8")


def setup(app):
    app.add_js_file(IMPORTED, priority=100)
    app.connect("build-finished", plain_scripts)
    app.connect("build-finished", dark_by_desktop)
    app.add_lexer("nop5-transcript", TranscriptLexer)
    app.add_directive("transcript", Transcript)
    app.add_directive("literalinclude", SourceInclude, override=True)
    app.add_role("fig", fig)
    app.add_role("linux", linux)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
