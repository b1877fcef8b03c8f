# SPDX-License-Identifier: MIT
"""How far one has to go to follow a registration through the source.

From START the calls are followed that hand on the parameter, a part of it, or a
variable made from it, in the order in which they are written; a function is
walked through once. Counted are the files of trace/ and arch/ that this enters,
and how often it comes back to one of them: back and forth is what makes code
hard to read. The allocator and the library are no part of the way.
"""
import re

from tests.lint import source

START = ("register_ftrace_function", "ops")
MOST_FILES, MOST_RETURNS = 6, 5

HEAD = re.compile(r"^([a-z_][\w \t*]*?[ \t*])(\w+)\(((?:[^()]|\([^()]*\))*)\)"
                  r"\s*\{\n(.*?)^\}", re.M | re.S)
CALL = re.compile(r"\b([A-Za-z_]\w*)\s*\(")
# A declaration with a value, or a plain assignment; not to a member.
ASSIGN = re.compile(r"(?:^|[;{}(,])\s*(?:[a-z_][\w ]*?[ *]+)?(\w+)\s*="
                    r"(?!=)\s*([^;]*);")


def functions(files):
    """{(file, name): (file, parameters, body)} of C files; the file is None
    where the whole tree can call it. files: path -> text."""
    found = {}
    for path, text in files.items():
        text = source.without_comments(text, keep_strings=False)
        for kind, name, parameters, body in HEAD.findall(text):
            names = [(re.findall(r"\w+", p) or [""])[-1]
                     for p in arguments(parameters)]
            own = "static" in kind and path.endswith(".c")
            found[path if own else None, name] = (path, names, body)
    return found


def lookup(known, path, name):
    """The key of the function that this name means in that file."""
    return next((key for key in ((path, name), (None, name)) if key in known),
                None)


def arguments(text):
    """What stands between commas that are in no inner parentheses."""
    parts, depth = [""], 0
    for char in text:
        depth += (char in "([{") - (char in ")]}")
        if char == "," and not depth:
            parts.append("")
        else:
            parts[-1] += char
    return [part.strip() for part in parts]


def closing(text, begin):
    """The index of the parenthesis that closes the one at @begin."""
    depth = 0
    for at in range(begin, len(text)):
        depth += (text[at] == "(") - (text[at] == ")")
        if not depth:
            return at
    return len(text)


def mentions(text, names):
    return bool(names & set(re.findall(r"(?<![\w.])(?<!->)\w+", text)))


def carriers(body, names):
    """The names, and those of the variables that are made from them."""
    names = set(names)
    while True:
        more = {name for name, value in ASSIGN.findall(body)
                if mentions(CALLS_OUT.sub("", value), names)} - names
        if not more:
            return names
        names |= more


# What a call returns is another thing than what it is given.
CALLS_OUT = re.compile(r"\w+\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)")


def steps(known, key, parameters, seen):
    """The functions that are entered, in order: (name, file)."""
    path, _, body = known[key]
    yield key[1], path
    if (key, parameters) in seen:
        return
    seen.add((key, parameters))
    names = carriers(body, parameters)
    for match in CALL.finditer(body):
        callee = lookup(known, path, match[1])
        if callee in (None, key):
            continue
        given = arguments(body[match.end():closing(body, match.end() - 1)])
        passed = frozenset(parameter for parameter, argument
                           in zip(known[callee][1], given)
                           if mentions(argument, names))
        if passed:
            yield from steps(known, callee, passed, seen)


def walk(known, start=START):
    """The stays in files of trace/ and arch/, in order."""
    stays = []
    for _, path in steps(known, (None, start[0]), frozenset({start[1]}), set()):
        if path.startswith(("trace/", "arch/")) and stays[-1:] != [path]:
            stays.append(path)
    return stays


def figures(known=None):
    stays = walk(known or functions(tree()))
    files = len(set(stays))
    return files, len(stays) - files


def tree():
    return {path: source.read(path) for path in source.files(".c", ".h")
            if not path.startswith("tests/")}


def judge(stays, most_files=MOST_FILES, most_returns=MOST_RETURNS):
    files = len(set(stays))
    returns = len(stays) - files
    if files <= most_files and returns <= most_returns:
        return []
    return [f"{START[0]}: the way of {START[1]} has {files} files and "
            f"{returns} returns, at most {most_files} and {most_returns}: "
            + ", ".join(stays)]


def check():
    known = functions(tree())
    if (None, START[0]) not in known:
        return [f"walk.py: there is no {START[0]}()"]
    return judge(walk(known))
