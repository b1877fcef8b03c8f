#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes the parameters of the kernel's functions, out of its debug
information, for kernel/base/params.c: their names and types, and the fields of
structures that they point to.

Equal lists of parameters are one prototype. A function that the compiler has
cloned (name.isra.0) is left out: it may take other arguments.
"""
import argparse
import struct
import sys

from elftools.dwarf.enums import ENUM_DW_AT, ENUM_DW_FORM, ENUM_DW_TAG
from elftools.elf.elffile import ELFFile

KERNEL_VMA = 0xFFFFFFFF80000000
STT_FUNC = 2
NO_OBJECT = 0xFFFF

WANTED = {"name", "type", "low_pc", "byte_size", "encoding", "abstract_origin",
          "specification", "data_member_location", "data_bit_offset",
          "bit_size", "bit_offset", "ranges"}
# Of a unit's first entry.
BASES = {"str_offsets_base", "addr_base", "rnglists_base"}
MODIFIERS = {"typedef", "const_type", "volatile_type", "restrict_type",
             "atomic_type"}
STRUCTS = {"structure_type", "union_type"}
KEPT = MODIFIERS | STRUCTS | {"subprogram", "formal_parameter", "member",
                              "base_type", "pointer_type", "array_type",
                              "enumeration_type"}
SIGNED, CHARS = {5, 6, 13}, {6, 8}  # DW_ATE_: encodings of a base type

# As in kernel/base/params.c.
VOID, UNSIGNED, INT, POINTER, CHARS_AT, CHARS_IN, OTHER = range(7)
FUNCTION, PROTOTYPE, PARAM = "<IHxx", "<HHBBxx", "<IBBH"
FIELD, OBJECT = "<IHBBBxxx", "<HH"

FIXED = {"addr": 8, "data1": 1, "data2": 2, "data4": 4, "data8": 8, "flag": 1,
         "strp": 4, "line_strp": 4, "sec_offset": 4, "ref1": 1, "ref2": 2,
         "ref4": 4, "ref8": 8, "strx1": 1, "strx2": 2, "strx3": 3, "strx4": 4,
         "addrx1": 1, "addrx2": 2, "addrx3": 3, "addrx4": 4, "data16": 16,
         "ref_sig8": 8, "ref_addr": 4, "flag_present": 0, "implicit_const": 0}
LEB = {"udata", "sdata", "ref_udata", "strx", "addrx", "rnglistx", "loclistx"}
BLOCK = {"block1": 1, "block2": 2, "block4": 4}


def uleb(data, at):
    value = shift = 0
    while data[at] & 0x80:
        value |= (data[at] & 0x7f) << shift
        shift += 7
        at += 1
    return value | data[at] << shift, at + 1


def sleb(data, at):
    value, end = uleb(data, at)
    bits = 7 * (end - at)
    return value - (value >> (bits - 1) << bits), end


def names_of(enum, prefix):
    """{number: name without its prefix}"""
    return {number: name.removeprefix(prefix) for name, number in enum.items()
            if isinstance(number, int)}


TAGS = names_of(ENUM_DW_TAG, "DW_TAG_")
ATTRIBUTES = names_of(ENUM_DW_AT, "DW_AT_")
FORMS = names_of(ENUM_DW_FORM, "DW_FORM_")


def text_at(data, at):
    return data[at:data.index(0, at)].decode()


class Die:
    """An entry of the debug information: its tag, and what is wanted of it."""
    __slots__ = ("tag", "attrs", "children")

    def __init__(self, tag):
        self.tag, self.attrs, self.children = tag, {}, []


class Dwarf:
    """Reads all units of an image. Entries are found by their offset."""

    def __init__(self, elf):
        (self.info, self.abbrev, self.str, self.line_str, self.str_offsets,
         self.addr, self.old_ranges, self.ranges) = (
             self.section(elf, f".debug_{name}") for name in
             ("info", "abbrev", "str", "line_str", "str_offsets", "addr",
              "ranges", "rnglists"))
        self.dies, self.plans = {}, {}
        at = 0
        while at < len(self.info):
            at = self.unit(at)

    @staticmethod
    def section(elf, name):
        found = elf.get_section_by_name(name)
        return found.data() if found else b""

    def plans_at(self, at):
        """A table of .debug_abbrev, {code: plan}."""
        if at in self.plans:
            return self.plans[at]
        data, found = self.abbrev, self.plans.setdefault(at, {})
        while data[at]:
            code, at = uleb(data, at)
            tag, at = uleb(data, at)
            has_children, at = data[at], at + 1
            attributes = []
            while data[at] or data[at + 1]:
                name, at = uleb(data, at)
                form, at = uleb(data, at)
                form, const = FORMS[form], None
                if form == "implicit_const":
                    const, at = sleb(data, at)
                attributes.append((ATTRIBUTES.get(name, ""), form, const))
            at += 2
            found[code] = self.plan(TAGS.get(tag, ""), has_children,
                                    attributes)
        return found

    @staticmethod
    def plan(tag, has_children, attributes):
        """How to read an entry: (name, form, value), or (None, int, bytes)."""
        steps = []
        for name, form, const in attributes:
            if name in BASES or tag in KEPT and name in WANTED or \
                    tag == "compile_unit" and name == "low_pc":
                steps.append((name, form, const))
            elif form not in FIXED:
                steps.append((None, form, None))
            elif steps and steps[-1][0] is None and steps[-1][1] is int:
                steps[-1] = (None, int, steps[-1][2] + FIXED[form])
            else:
                steps.append((None, int, FIXED[form]))
        return tag, has_children, steps

    def unit(self, start):
        length, version = struct.unpack_from("<IH", self.info, start)
        abbrevs, = struct.unpack_from("<I", self.info,
                                      start + (8 if version >= 5 else 6))
        plans = self.plans_at(abbrevs)
        self.start, self.bases = start, dict.fromkeys(BASES, 8)
        self.version = version
        at, end = start + (12 if version >= 5 else 11), start + 4 + length
        above = []
        while at < end:
            here = at
            code, at = uleb(self.info, at)
            if not code:  # the end of a list, or padding
                del above[-1:]
                continue
            tag, has_children, steps = plans[code]
            die = Die(tag)
            for name, form, value in steps:
                if form is int:
                    at += value
                else:
                    found, at = self.read(form, value, at)
                    if name:
                        die.attrs[name] = found
            if not above:
                self.bases.update(die.attrs)
            elif tag == "subprogram" and "ranges" in die.attrs:
                die.attrs["starts"] = [*self.starts(die.attrs["ranges"])]
            if tag in KEPT:
                self.dies[here] = die
                if tag in ("member", "formal_parameter") and above:
                    above[-1].children.append(die)
            if has_children:
                above.append(die)
        return end

    def read(self, form, const, at):
        """A value and what follows it; None for a block."""
        data = self.info
        if form == "implicit_const":
            return const, at
        if form == "string":
            end = data.index(0, at)
            return data[at:end].decode(), end + 1
        if form in ("exprloc", "block"):
            size, at = uleb(data, at)
            return None, at + size
        if form in BLOCK:
            size = int.from_bytes(data[at:at + BLOCK[form]], "little")
            return None, at + BLOCK[form] + size
        if form in LEB:
            raw, at = uleb(data, at)
        else:
            raw = int.from_bytes(data[at:at + FIXED[form]], "little")
            at += FIXED[form]
        return self.meaning(form, raw), at

    def meaning(self, form, raw):
        if form == "strp":
            return text_at(self.str, raw)
        if form == "line_strp":
            return text_at(self.line_str, raw)
        if form.startswith("strx"):
            at = self.bases["str_offsets_base"] + 4 * raw
            return text_at(self.str,
                           struct.unpack_from("<I", self.str_offsets, at)[0])
        if form.startswith("addrx"):
            at = self.bases["addr_base"] + 8 * raw
            return struct.unpack_from("<Q", self.addr, at)[0]
        if form == "rnglistx":
            at = self.bases["rnglists_base"]
            return at + struct.unpack_from("<I", self.ranges, at + 4 * raw)[0]
        if form in ("ref1", "ref2", "ref4", "ref8", "ref_udata"):
            return self.start + raw
        return raw

    def starts(self, at):
        """Where the pieces of a function in more than one begin."""
        base = self.bases.get("low_pc", 0)
        return self.new_starts(at, base) if self.version >= 5 else \
            self.old_starts(at, base)

    def old_starts(self, at, base):
        for start, end in struct.iter_unpack("<QQ", self.old_ranges[at:]):
            if not start and not end:
                return
            if start == 2 ** 64 - 1:
                base = end
            else:
                yield base + start

    def new_starts(self, at, base):
        """The kinds of an entry are DWARF 5's, section 7.25."""
        data = self.ranges
        while data[at]:
            kind, at = data[at], at + 1
            if kind <= 3:  # by an index into .debug_addr
                first, at = uleb(data, at)
                first = self.meaning("addrx", first)
            elif kind == 4:  # from the base on
                first, at = uleb(data, at)
                first += base
            else:
                first, = struct.unpack_from("<Q", data, at)
                at += 8
            if kind in (1, 5):
                base = first
            else:
                at = at + 8 if kind == 6 else uleb(data, at)[1]
                yield first

    # ---- what entries mean ----

    def attr(self, die, name):
        """An attribute, perhaps of the entry that this one is a copy of."""
        while die:
            if name in die.attrs:
                return die.attrs[name]
            die = self.dies.get(die.attrs.get("abstract_origin",
                                              die.attrs.get("specification")))
        return None

    def type_of(self, die):
        """Without typedefs and qualifiers. None is void."""
        die = self.dies.get(self.attr(die, "type"))
        while die and die.tag in MODIFIERS:
            die = self.dies.get(die.attrs.get("type"))
        return die

    def is_char(self, die):
        return die and die.tag == "base_type" and \
            die.attrs.get("encoding") in CHARS and \
            die.attrs.get("byte_size") == 1


class Table:
    """The rows of all tables, each of them once."""

    def __init__(self, dwarf):
        self.dwarf = dwarf
        self.names, self.name_at = bytearray(), {}
        self.functions, self.prototypes, self.params = [], [], []
        self.objects, self.fields = [], []
        self.prototype_at, self.object_at = {}, {}

    def name(self, text):
        if text not in self.name_at:
            self.name_at[text] = len(self.names)
            self.names += text.encode() + b"\0"
        return self.name_at[text]

    def kind(self, die):
        """A type as one byte (kind and size), and what it points to."""
        if die is None:
            return VOID << 4, None
        size = die.attrs.get("byte_size") or 0
        if die.tag == "pointer_type":
            to = self.dwarf.type_of(die)
            kind = CHARS_AT if self.dwarf.is_char(to) else POINTER
            return kind << 4 | 8, to
        if die.tag == "array_type":
            chars = self.dwarf.is_char(self.dwarf.type_of(die))
            return (CHARS_IN if chars else OTHER) << 4, None
        if die.tag == "enumeration_type":
            return INT << 4 | size, None
        if die.tag == "base_type" and size in (1, 2, 4, 8):
            signed = die.attrs.get("encoding") in SIGNED
            return (INT if signed else UNSIGNED) << 4 | size, None
        return OTHER << 4, None

    def bits_before(self, member):
        """In front of a member. DWARF before 4 counts from the other end."""
        attrs = member.attrs
        if "data_bit_offset" in attrs:
            return attrs["data_bit_offset"]
        bits = 8 * (attrs.get("data_member_location") or 0)
        if "bit_offset" in attrs:
            size = self.dwarf.type_of(member).attrs["byte_size"]
            size = attrs.get("byte_size", size)
            bits += 8 * size - attrs["bit_offset"] - attrs["bit_size"]
        return bits

    def members(self, die, base):
        """(name, offset in bits, entry): those of unnamed ones, too."""
        for member in die.children:
            bits = base + self.bits_before(member)
            if "name" in member.attrs:
                yield member.attrs["name"], bits, member
                continue
            inner = self.dwarf.type_of(member)
            if inner and inner.tag in STRUCTS:
                yield from self.members(inner, bits)

    def field(self, name, bits, member):
        die = self.dwarf.type_of(member)
        kind, _ = self.kind(die)
        width, offset = member.attrs.get("bit_size") or 0, bits // 8
        if width:  # in a number of its type's size
            size = kind & 15
            offset = bits // (8 * size) * size
        return struct.pack(FIELD, self.name(name), offset, kind, width,
                           bits - 8 * offset if width else 0)

    def object(self, die):
        """The number of a structure; its fields are listed once."""
        if die is None or die.tag not in STRUCTS or not die.children:
            return NO_OBJECT
        rows = [self.field(*m) for m in self.members(die, 0) if m[1] < 1 << 19]
        key = b"".join(rows)
        if key not in self.object_at:
            self.object_at[key] = len(self.objects)
            self.objects.append(struct.pack(OBJECT, len(self.fields),
                                            len(rows)))
            self.fields += rows
        return self.object_at[key]

    def param(self, die, slot):
        """Its row, and the words it takes of the arguments."""
        found = self.dwarf.type_of(die)
        kind, to = self.kind(found)
        words = 1
        if found and found.tag in STRUCTS:
            words = -(-(found.attrs.get("byte_size") or 0) // 8)
            if words > 2:  # in memory, behind the others
                words = 0
        row = struct.pack(PARAM, self.name(self.dwarf.attr(die, "name") or ""),
                          kind, slot, self.object(to))
        return row, words

    def prototype(self, die):
        rows, slot = [], 0
        for child in die.children:
            row, words = self.param(child, slot)
            rows.append(row)
            slot += words
        kind, to = self.kind(self.dwarf.type_of(die))
        back = kind, self.object(to)
        key = b"".join(rows), back
        if key not in self.prototype_at:
            self.prototype_at[key] = len(self.prototypes)
            self.prototypes.append(struct.pack(
                PROTOTYPE, len(self.params), back[1], len(rows), back[0]))
            self.params += rows
        return self.prototype_at[key]

    def function(self, addr, die):
        self.functions.append(struct.pack(FUNCTION, addr - KERNEL_VMA,
                                          self.prototype(die)))

    def packed(self):
        tables = (self.functions, self.prototypes, self.params, self.objects,
                  self.fields)
        return struct.pack("<6I", *map(len, tables), len(self.names)) + \
            b"".join(row for rows in tables for row in rows) + \
            bytes(self.names)


def plain_functions(elf):
    """The addresses whose names in the symbol table are those of C."""
    table = elf.get_section_by_name(".symtab")
    names = elf.get_section(table["sh_link"]).data()
    found, clones = set(), set()
    for name, info, _, _, value, _ in struct.iter_unpack("<IBBHQQ",
                                                         table.data()):
        if info & 15 == STT_FUNC:
            (clones if "." in text_at(names, name) else found).add(value)
    return found - clones


def make(path):
    with open(path, "rb") as f:
        elf = ELFFile(f)
        functions, dwarf = plain_functions(elf), Dwarf(elf)
    table = Table(dwarf)
    at = {}
    for die in dwarf.dies.values():
        if die.tag != "subprogram":
            continue
        for addr in die.attrs.get("starts", [die.attrs.get("low_pc")]):
            if addr in functions:
                at[addr] = die
    for addr in sorted(at):
        table.function(addr, at[addr])
    return table


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("elf")
    parser.add_argument("output")
    args = parser.parse_args()
    table = make(args.elf)
    data = table.packed()
    with open(args.output, "wb") as f:
        f.write(data)
    print(f"PARAMS  {args.output}: {len(table.functions)} functions, "
          f"{len(table.fields)} fields, {len(data)} bytes")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
