# SPDX-License-Identifier: MIT
"""What our own programs need of the system, read from their text: the modules
that Python files import, and the programs that Python files, shell scripts and
makefiles start.

Two ways lead to a program's name. Where it stands as the first word of what is
started, it counts in any case. Where a list, a default or a constant may be a
command, it counts if there is a program of that name: else every list of words
would be one.
"""
import ast
import re

WORD = re.compile(r"[A-Za-z0-9][\w.+-]*|/[\w./+-]+")
# Functions whose first argument is a command, of subprocess or our own.
STARTERS = {"run", "call", "check_call", "check_output", "Popen", "spawn",
            "which", "first_line", "execv", "execvp", "execlp"}


def imports(text):
    """Names of the modules a Python text imports, but not those of tests/."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module


# ---- Python ------------------------------------------------------------------

def constant(node):
    """The word a node is, or None."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str) \
            and WORD.fullmatch(node.value):
        return node.value
    return None


def first(node):
    """Of a list or a tuple its first element, else the node itself."""
    if isinstance(node, (ast.List, ast.Tuple)):
        return node.elts[0] if node.elts else None
    return node


def function_name(call):
    return getattr(call.func, "attr", getattr(call.func, "id", ""))


def started(call):
    """The word a call starts; a command may be one string with options."""
    if function_name(call) not in STARTERS or not call.args:
        return None
    node = first(call.args[0])
    if function_name(call) == "spawn" and isinstance(node, ast.Constant):
        return str(node.value).split()[0]
    return constant(node)


def scripts(node):
    """Shell in a Python text: what begins with #!, what follows sh -c."""
    if isinstance(node, (ast.Constant, ast.JoinedStr)):
        text = literal(node)
        if re.match(r"#!.*\bsh\n", text):
            yield text
    if isinstance(node, ast.List) and len(node.elts) > 2:
        words = [literal(element) for element in node.elts[:3]]
        if words[0] in ("sh", "bash") and words[1] == "-c":
            yield words[2]


def literal(node):
    """The text of a string; @ stands for what an f-string puts in."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(literal(part) or "@" for part in node.values)
    return ""


def perhaps(node):
    """Words that may be commands: of lists, defaults and constants."""
    found = []
    if isinstance(node, ast.List):
        found = [first(node)]
    elif isinstance(node, ast.Assign):
        found = [node.value]
    elif isinstance(node, ast.arguments):
        found = node.defaults + node.kw_defaults
    elif isinstance(node, ast.keyword) and node.arg == "default":
        found = [node.value]
    elif isinstance(node, ast.Call) and function_name(node) == "get":
        found = node.args[1:]
    return filter(None, map(constant, found))


def members(tree):
    """The statements of enumerations: their words name values."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and any(
                getattr(base, "attr", getattr(base, "id", "")) == "Enum"
                for base in node.bases):
            yield from node.body


def of_python(text, there):
    """Programs; there(word) says whether there is one of that name."""
    tree = ast.parse(text)
    values = set(members(tree))
    for node in ast.walk(tree):
        if node in values:
            continue
        if isinstance(node, ast.Call) and started(node):
            yield started(node)
        yield from filter(there, perhaps(node))
        for script in scripts(node):
            yield from of_shell(script)


# ---- shell and make ----------------------------------------------------------

BUILTIN = set("""
    . : [ alias bg break case cd command compgen continue do done echo elif
    else esac eval exec exit export false fg fi for function if in jobs kill
    local printf pwd read readonly return set shift test then time times trap
    true type ulimit umask unset until wait while { } ! [[""".split())
# What may stand before a command.
BEFORE = re.compile(r"(?:(?:if|then|else|elif|do|while|until|exec|command|env|"
                    r"sudo|\$sudo|!|\{)\s+(?:-\w+\s+)*|\w+=\S*\s+)+")
SINGLE, DOUBLE = re.compile(r"'[^']*'"), re.compile(r'"((?:[^"\\]|\\.)*)"')
SUBSHELL = re.compile(r"\$\(([^()]*)\)")
HERE = re.compile(r"<<-?\s*(\w+)\n.*?\n\s*\1\n", re.DOTALL)
REDIRECTION = re.compile(r"\d*(?:>>|[<>])(?:&\d|\s*\S+)")
CASE = re.compile(r"\bcase\b.*?\besac\b", re.DOTALL)
PATTERN = re.compile(r"(\bin|;;)\s+[^()]*?\)")


def of_shell(text):
    """Programs a shell script starts, but for its own functions."""
    functions = set(re.findall(r"^\s*(\w+)\(\)", text, re.MULTILINE))
    text = re.sub(r"\\\n", " ", text)
    text = re.sub(r"(^|\s)#.*", r"\1", text)
    text = HERE.sub("\n", SINGLE.sub("@", text))
    text = re.sub(r"\$\(\(.*?\)\)", "@", text)  # arithmetic
    found = set()
    while inner := SUBSHELL.search(text):  # the innermost first
        found |= set(of_commands(inner.group(1)))
        text = text[:inner.start()] + "@" + text[inner.end():]
    return (found | set(of_commands(text))) - functions - BUILTIN


def of_commands(text):
    """The first word of each command, and what `command -v` asks for."""
    text = REDIRECTION.sub("", DOUBLE.sub("@", text))
    text = CASE.sub(lambda case: PATTERN.sub(r"\1 ", case.group(0)), text)
    text = re.sub(r"\bcase\s+\S+\s+in\b|;;", ";", text)
    for command in re.split(r"\|\||&&|[;|&\n()]", text):
        command = command.strip()
        asked = re.match(r"command\s+-v\s+(\S+)", command)
        word = asked or re.match(r"(\S+)", BEFORE.sub("", command + " ", 1))
        if word and WORD.fullmatch(word.group(1)):
            yield word.group(1)


MAKES_OWN = re.compile(
    r"\$\$\((?=(?:call|filter|filter-out|if|patsubst|sort) )")


def of_makefile(text, there):
    """Programs of recipes and of $(shell ...), variables put in; and words
    that a variable's value begins with, if there are programs of that name."""
    text = re.sub(r"\\\n\s*", " ", text)
    text = re.sub(r"\$\((?:Q|CROSS_COMPILE)\)", "", text)
    values = dict(re.findall(r"^(\w+)\s*[:?]?=[ \t]*(.*)$", text,
                             re.MULTILINE))
    words = {value.split()[0] for value in values.values() if value}
    shell = "\n".join(
        re.findall(r"^\t(.*)$", text, re.MULTILINE)
        + re.findall(r"\$\(shell ((?:[^()]|\([^()]*\))*)\)", text))
    # In a define make's own variables and functions have two $, too.
    shell = re.sub(r"\$\$\([A-Z]\w*\)", "@", shell)
    shell = MAKES_OWN.sub("$(", shell)
    shell = re.sub(r"\$\$\$?\$?", "\0", shell)  # the shell's own $
    for _ in range(3):
        shell = re.sub(r"\$\((\w+)\)", lambda m: values.get(m.group(1), "@"),
                       shell)
    while re.search(r"\$\([^()]*\)", shell):
        shell = re.sub(r"\$\([^()]*\)", "@", shell)
    shell = re.sub(r"^[@+-]+\s*", "", shell, flags=re.MULTILINE)
    return of_shell(shell.replace("\0", "$")) | {
        word for word in words if WORD.fullmatch(word) and there(word)}
