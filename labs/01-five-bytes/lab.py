# SPDX-License-Identifier: MIT
from tools.labs.spec import Hole, Wrong, boot, unit

TITLE = "Five bytes: encode a site and decode it"
INSN = "arch/x86_64/patch/insn.c"
# The boot looks at each site and writes a few: what stands in the holes reads
# too much, and encodes a call or jump to what follows it, but boots.
LOAD = """\
return INSN_WORD(INSN_MAX, insn_peek((unsigned long)bytes) & 0xffffffffff);
"""
HOLES = [
    Hole(INSN, "displacement", "return 0;"),
    Hole(INSN, "rel32_word", "return INSN_WORD(INSN_MAX, opcode);"),
    Hole(INSN, "insn_call", "return INSN_WORD(INSN_MAX, INSN_OP_CALL);"),
    Hole(INSN, "insn_jmp32", "return INSN_WORD(INSN_MAX, INSN_OP_JMP32);"),
    Hole(INSN, "insn_jmp8", "return 0;"),
    Hole(INSN, "insn_load", LOAD),
    Hole(INSN, "insn_store", ""),
]
TESTS = [
    unit("insn", "insn.bytes_of_each", 20),
    unit("insn", "insn.reach", 20),
    unit("insn", "insn.there_and_back", 20),
    unit("insn", "insn.load_reads_only_its_bytes", 10),
    boot("text_poke.every_kind_to_every_other", 20),
    boot("text_poke.boundaries", 10),
]
WRONG = [
    Wrong("what is too far is cut", INSN,
          "if (disp != (s32)disp)", "if (false)", fails=["insn.reach"]),
    Wrong("the distance counts from the beginning", INSN,
          "target - (ip + len)", "target - ip",
          fails=["insn.bytes_of_each", "insn.reach", "insn.there_and_back",
                 "text_poke.every_kind_to_every_other",
                 "text_poke.boundaries"]),
    Wrong("the highest byte comes first", INSN,
          "(u8)(word >> (8 * i));",
          "(u8)(word >> (8 * (insn_len(word) - 1 - i)));",
          fails=["insn.bytes_of_each", "text_poke.every_kind_to_every_other",
                 "text_poke.boundaries"]),
    Wrong("five bytes are read of any instruction", INSN,
          "for (i = 0; i < len; i++)", "for (i = 0; i < INSN_MAX; i++)",
          fails=["insn.load_reads_only_its_bytes",
                 "text_poke.every_kind_to_every_other"]),
]
