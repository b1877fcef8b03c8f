# SPDX-License-Identifier: MIT
"""Makes the slides: one page without a network, of the same pictures and
transcripts as the book.

    python3 -m book.slides -o build/slides.html

A slide of slides.md is a heading, one picture or one transcript, and what to
say, quoted:

    ## A call is five bytes
    ![](pictures/01-nop.svg)         or: ```{transcript} NAME 1-12```
    > Show the listing first.

The numbers are the lines of the transcript to be shown; without, all of them.
"""
import argparse
import base64
import html
import pathlib
import re
import sys
from dataclasses import dataclass

from book import transcripts

FOLDER = pathlib.Path(__file__).resolve().parent
SOURCE, TEMPLATE = FOLDER / "slides.md", FOLDER / "slides.html"
PICTURE = re.compile(r"!\[[^]]*\]\(([^)]+)\)")
TRANSCRIPT = re.compile(r"```\{transcript\} ([\w-]+)(?: (\d+)-(\d+))?```")


@dataclass
class Slide:
    part: str
    title: str
    body: str  # HTML
    notes: str


def picture(path):
    """An SVG as it is; another picture as data."""
    if path.suffix == ".svg":
        return path.read_text("utf-8")
    data = base64.b64encode(path.read_bytes()).decode()
    return f'<img alt="" src="data:image/png;base64,{data}">'


def session(lines):
    """Typed lines stand out."""
    prompts = (transcripts.PROMPT, transcripts.HOST)
    return "<pre>" + "\n".join(
        f"<b>{html.escape(line)}</b>" if line.startswith(prompts)
        else html.escape(line) for line in lines) + "</pre>"


def known_transcripts():
    return {block.name: block.text.splitlines()
            for chapter in transcripts.chapters().values()
            for block in chapter}


def body(text, title, known):
    """Of a slide: exactly one picture or transcript."""
    pictures = PICTURE.findall(text)
    sessions = TRANSCRIPT.findall(text)
    if len(pictures) + len(sessions) != 1:
        raise ValueError(f"{title}: it needs one picture or transcript")
    if pictures:
        path = FOLDER / pictures[0]
        if not path.exists():
            raise ValueError(f"{title}: there is no {pictures[0]}")
        return picture(path)
    name, first, last = sessions[0]
    if name not in known:
        raise ValueError(f"{title}: there is no transcript {name}")
    lines = known[name]
    if last and int(last) > len(lines):
        raise ValueError(f"{title}: {name} has {len(lines)} lines")
    return session(lines[int(first or 1) - 1:int(last or len(lines))])


def slides(text):
    """[Slide] of the text of slides.md."""
    known, part, found = known_transcripts(), "", []
    for piece in re.split(r"^(?=##? )", text, flags=re.M):
        heading, _, rest = piece.partition("\n")
        if heading.startswith("# "):
            part = heading[2:]
        elif heading.startswith("## "):
            title = heading[3:]
            notes = " ".join(re.findall(r"^> ?(.*)$", rest, re.M))
            found.append(Slide(part, title, body(rest, title, known), notes))
    return found


def section(nr, slide):
    return (f'<section id="{nr}" data-part="{html.escape(slide.part)}">\n'
            f"<h1>{html.escape(slide.title)}</h1>\n"
            f'<div class="body">{slide.body}</div>\n'
            f"<aside>{html.escape(slide.notes)}</aside>\n</section>\n")


def page():
    found = slides(SOURCE.read_text("utf-8"))
    return TEMPLATE.read_text("utf-8").replace("<!-- slides -->", "".join(
        section(nr, slide) for nr, slide in enumerate(found, 1)))


def main():
    parser = argparse.ArgumentParser(prog="slides", description=__doc__)
    parser.add_argument("-o", "--output", required=True, type=pathlib.Path)
    args = parser.parse_args()
    try:
        args.output.write_text(page(), encoding="utf-8")
    except (ValueError, OSError) as error:
        print(f"slides: {error}", file=sys.stderr)
        return 2
    print(args.output)
    return 0


if __name__ == "__main__":
    sys.exit(main())
