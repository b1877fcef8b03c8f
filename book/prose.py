# SPDX-License-Identifier: MIT
"""What a chapter's text refers to exists: files, links, code, words."""
import functools
import pathlib
import re
import subprocess

from book import excerpt
from tests.lint import source

FOLDER = pathlib.Path(__file__).resolve().parent
ROOT = FOLDER.parent
WORDS = FOLDER / "words.txt"
LINK = re.compile(r"\[[^]]*\]\(([^)\s]+)\)")
NAME = re.compile(r"(?<!\})`([A-Za-z_]\w*)(?:\(\)|\[\])?`")
INCLUDE = re.compile(r"^```\{literalinclude\} (\S+)\n(.*?)^```$", re.M | re.S)
OPTION = re.compile(r'^:([\w-]+): "?(.*?)"?$', re.M)
PATH = re.compile(r"(?<!\{linux\})`((?:[\w.-]+/)+[\w.-]*\.\w+|[A-Z]\w+\.md|"
                  r"Makefile|linker\.ld)`")


def chapters():
    return sorted(path for path in FOLDER.glob("*.md")
                  if path.name != "DESIGN.md")


def wrong_links(text):
    """Of our own: another page, a picture, a file."""
    for link in LINK.findall(text):
        path = link.partition("#")[0]
        if not re.match(r"[a-z]+:", link) and path \
                and not (FOLDER / path).exists():
            yield f"there is no {link}"


def wrong_paths(text):
    for path in PATH.findall(text):
        if not (ROOT / path).exists() and not path.startswith(
                ("build/", "Documentation/")):
            yield f"there is no {path}"


@functools.cache
def words():
    """Every word of the sources; a name that is none of them is not ours."""
    suffixes = (".c", ".h", ".asm", ".inc", ".py", ".mk", ".ld", ".def", ".pml",
                "Makefile")
    return {word for name in source.files(*suffixes)
            for word in re.findall(r"[A-Za-z_]\w*", source.read(name))}


def wrong_names(text):
    """In backquotes and alone; those of Linux are marked by a role."""
    prose = re.sub(r"^```\{(?!admonition)[^`]*?^```$", " ", text,
                   flags=re.M | re.S)
    for name in NAME.findall(prose):
        if name not in words():
            yield f"there is no {name}"


def wrong_includes(text):
    """Code that is included: its file and its name, or its two texts."""
    for name, body in INCLUDE.findall(text):
        options, path = dict(OPTION.findall(body)), FOLDER / name
        if not path.exists():
            yield f"there is no {name}"
            continue
        code = path.read_text("utf-8")
        try:
            if "function" in options:
                excerpt.function(code, options["function"])
        except LookupError as error:
            yield f"{name}: {error}"
        for option in ("start-at", "end-at", "start-after", "end-before"):
            if options.get(option, "") not in code.expandtabs(8):
                yield f"{name}: no '{options[option]}'"


def plain(text):
    """The prose: no code, no names, no addresses."""
    text = re.sub(r"^```\{(?!admonition)[^`]*?^```$", " ", text,
                  flags=re.M | re.S)
    text = re.sub(r"^```.*$|^:\w.*$|^    .*$|<[^>]*>", " ", text, flags=re.M)
    text = re.sub(r"\{\w+\}`[^`]*`|`[^`]*`|\]\([^)]*\)|https?:\S+", " ", text)
    return re.sub(r"\b\w*[\d_]\w*\b", " ", text)


def misspelt(text):
    """Words that neither the dictionary nor words.txt has."""
    done = subprocess.run(
        ["hunspell", "-d", "en_GB", "-i", "utf-8", "-p", str(WORDS), "-l"],
        input=plain(text), capture_output=True, text=True, check=True)
    return sorted(set(done.stdout.split()))
