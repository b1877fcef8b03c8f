# SPDX-License-Identifier: MIT
"""How a mutant finds its place: by the tokens of the code, so that tabs, line
ends and another formatting do not matter, but any other word does."""
import re

TOKEN = re.compile(r"\w+|[^\w\s]")


def mutated(source, text, becomes):
    """source with its only piece that reads as text replaced."""
    tokens = TOKEN.findall(text)
    pattern = r"\s*".join(map(re.escape, tokens))
    edges = [r"\b" if token.isidentifier() else ""
             for token in (tokens[0], tokens[-1])]
    found = list(re.finditer(edges[0] + pattern + edges[1], source))
    assert len(found) == 1, f"{len(found)} places read as {text!r}"
    at = found[0]
    return source[:at.start()] + becomes.strip() + source[at.end():]
