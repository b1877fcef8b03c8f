# SPDX-License-Identifier: MIT
"""Prints a record by nothing but its format file: an evaluator of the line
"print fmt", written from its grammar and not from the kernel's code.

The grammar is C's expressions with REC->field[n], the functions
__print_flags(), __print_symbolic() and __get_str(), and casts.
"""
import re

TOKEN = re.compile(r"""\s*(?:
    (?P<string>"(?:\\.|[^"\\])*")
  | (?P<number>0[xX][0-9a-fA-F]+|\d+)[uUlL]*
  | (?P<name>[A-Za-z_]\w*)
  | (?P<sign>->|<<|>>|&&|\|\||[=!<>]=|[-+*/%&|^~!<>?:(){}\[\],])
)""", re.X)
LEVELS = [("||",), ("&&",), ("|",), ("^",), ("&",), ("==", "!="),
          ("<", "<=", ">", ">="), ("<<", ">>"), ("+", "-"), ("*", "/", "%")]
SPEC = re.compile(r"%(?P<flags>[-0#+ ]*)(?P<width>\d*)(?:\.\d+)?"
                  r"(?:hh|h|ll|l|L|z)?(?P<kind>p[sS]|[a-zA-Z%])")
TYPES = {"void", "char", "short", "int", "long", "unsigned", "signed", "const",
         "u64", "s64", "u32", "s32"}
MASK = (1 << 64) - 1


def tokens(text):
    at, found = 0, []
    while at < len(text.rstrip()):
        match = TOKEN.match(text, at)
        if not match:
            raise ValueError(f"no token at {text[at:at + 30]!r}")
        found.append((match.lastgroup, match[match.lastgroup]))
        at = match.end()
    return found


class Expression:
    """Evaluates the list of expressions of a print fmt for one record."""

    def __init__(self, text, fields):
        self.tokens, self.at, self.fields = tokens(text), 0, fields

    def peek(self, ahead=0):
        at = self.at + ahead
        return self.tokens[at][1] if at < len(self.tokens) else None

    def take(self, wanted=None):
        kind, text = self.tokens[self.at]
        if wanted and text != wanted:
            raise ValueError(f"{text!r} in place of {wanted!r}")
        self.at += 1
        return kind, text

    def all(self):
        found = [self.ternary()]
        while self.peek() == ",":
            self.take()
            found.append(self.ternary())
        if self.peek() is not None:
            raise ValueError(f"{self.peek()!r} behind the last value")
        return found

    def ternary(self):
        value = self.binary(0)
        if self.peek() != "?":
            return value
        self.take()
        yes = self.ternary()
        self.take(":")
        no = self.ternary()
        return yes if value else no

    def binary(self, level):
        if level == len(LEVELS):
            return self.unary()
        left = self.binary(level + 1)
        while self.peek() in LEVELS[level]:
            sign = self.take()[1]
            left = self.apply(sign, left, self.binary(level + 1))
        return left

    @staticmethod
    def apply(sign, a, b):
        return {
            "||": lambda: int(bool(a or b)), "&&": lambda: int(bool(a and b)),
            "|": lambda: a | b, "^": lambda: a ^ b, "&": lambda: a & b,
            "==": lambda: int(a & MASK == b & MASK),
            "!=": lambda: int(a & MASK != b & MASK),
            "<": lambda: int(a < b), "<=": lambda: int(a <= b),
            ">": lambda: int(a > b), ">=": lambda: int(a >= b),
            "<<": lambda: a << b & MASK, ">>": lambda: a >> b,
            "+": lambda: a + b, "-": lambda: a - b, "*": lambda: a * b,
            "/": lambda: a // b, "%": lambda: a % b}[sign]()

    def unary(self):
        if self.peek() in ("-", "~", "!"):
            sign = self.take()[1]
            value = self.unary()
            return {"-": -value, "~": ~value, "!": int(not value)}[sign]
        if self.peek() == "(" and self.peek(1) in TYPES:
            while self.take()[1] != ")":
                pass
            return self.unary()
        return self.primary()

    def primary(self):
        kind, text = self.take()
        if text == "(":
            value = self.ternary()
            self.take(")")
            return value
        if kind == "number":
            return int(text, 0)
        if kind == "string":
            return text[1:-1].encode().decode("unicode_escape")
        if text == "REC":
            self.take("->")
            return self.element(self.fields[self.take()[1]])
        return getattr(self, f"call{text}")()

    def element(self, value):
        if self.peek() != "[":
            return value
        self.take()
        value = value[self.ternary()]
        self.take("]")
        return value

    def pairs(self):
        found = []
        while self.peek() == ",":
            self.take()
            self.take("{")
            value = self.ternary()
            self.take(",")
            found.append((value, self.ternary()))
            self.take("}")
        self.take(")")
        return found

    def call__get_str(self):
        self.take("(")
        value = self.element(self.fields[self.take()[1]])
        self.take(")")
        return value

    def call__print_symbolic(self):
        self.take("(")
        value = self.ternary() & MASK
        return dict(self.pairs()).get(value, f"0x{value:x}")

    def call__print_flags(self):
        self.take("(")
        value = self.ternary() & MASK
        self.take(",")
        delim, names = self.ternary(), []
        for bits, name in self.pairs():
            if bits and value & bits == bits:
                names.append(name)
                value &= ~bits
        return delim.join(names + ([f"0x{value:x}"] if value else []))


def conversion(match, values, symbol):
    kind, flags, width = match["kind"], match["flags"], match["width"]
    if kind == "%":
        return "%"
    value = values.pop(0)
    if kind == "s":
        text = str(value)
    elif kind == "c":
        text = chr(value)
    elif kind in ("ps", "pS"):
        text = symbol(value & MASK, kind == "pS")
    elif kind == "p":
        text = f"0x{value & MASK:016x}"
    elif kind == "x":
        text = f"{value & MASK:x}"
        text = ("0x" + text) if "#" in flags else text
    elif kind == "u":
        text = str(value & MASK)
    else:
        text = str(value - (1 << 64) if value >> 63 > 0 else value)
    return text.rjust(int(width or 0), "0" if "0" in flags else " ")


def print_record(fmt, fields, symbol):
    """The text of a record. fmt: the line behind "print fmt: "; fields: its
    values by name; symbol: (address, with offset) -> text."""
    literal = re.match(r'\s*"((?:\\.|[^"\\])*)"\s*(,?)', fmt)
    values = Expression(fmt[literal.end():], fields).all() \
        if literal[2] else []
    form = literal[1].encode().decode("unicode_escape")
    text = SPEC.sub(lambda match: conversion(match, values, symbol), form)
    if values:
        raise ValueError(f"{len(values)} values too many for {form!r}")
    return text
