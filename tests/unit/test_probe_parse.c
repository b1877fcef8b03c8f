// SPDX-License-Identifier: MIT
/*
 * The language of probe events: every error with its text and its place, what
 * each form of a definition means, and 100,000 random lines that leave nothing.
 *
 * The texts and places are those that Linux's own test of its parser expects
 * (ftracetest, kprobe_syntax_errors.tc, fprobe_syntax_errors.tc); a '^' in a
 * line marks the place.
 *
 * host-sources: trace/probes/probe_parse.c trace/probes/probe_arg.c
 * host-sources: trace/probes/probe_type.c trace/probes/probe_name.c
 * host-sources: kernel/base/fail.c
 */
#include "kernel/lib/errno.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"
#include "tests/host/host.h"
#include "tests/unit/probe_sound.h"
#include "tests/unit/probe_symbols.h"
#include "tests/unit/unit.h"
#include "trace/probes/probe_parse.h"
#include <asm/pt_regs.h>

static struct probe_line line;

static struct probe_def *parse(const char *text)
{
	if (probe_line_cut(&line, text, strlen(text)))
		return ERR_PTR(-E2BIG);
	return probe_parse(&line, "prft");
}

/* ---- errors -------------------------------------------------------------- */

#define N64 "1234567890123456789012345678901234567890123456789012345678901234"

static const struct {
	const char *marked, *text;
	int err;
} errors[] = {
	{ "p^100 vfs_read", "Maxactive is only for function exit", -EINVAL },
	{ "r^1a111 vfs_read", "Invalid maxactive number", -EINVAL },
	{ "r^0 vfs_read", "Invalid maxactive number", -EINVAL },
	{ "r^100000 vfs_read", "Maxactive is too big", -EINVAL },
	{ "r^4097 vfs_read", "Maxactive is too big", -EINVAL },
	{ "f^100 vfs_read", "Maxactive is only for function exit", -EINVAL },
	{ "f^1a111 vfs_read", "Invalid maxactive number", -EINVAL },
	{ "f^100000 vfs_read", "Maxactive is too big", -EINVAL },
	{ "p ^non_exist_func", "Invalid probed address or symbol", -EINVAL },
	{ "p ^hoge-fuga", "Invalid probed address or symbol", -EINVAL },
	{ "p ^hoge+1000-1000", "Invalid probed address or symbol", -EINVAL },
	{ "p ^vfs_read-4", "Invalid probed address or symbol", -EINVAL },
	{ "p ^vfs_read+0x100000000", "Invalid probed address or symbol",
	  -EINVAL },
	{ "f ^vfs_read+10", "Invalid probed address or symbol", -EINVAL },
	{ "f ^non_exist_func", "Invalid probed address or symbol", -EINVAL },
	{ "p ^twice", "The symbol is not unique", -EINVAL },
	{ "r ^vfs_read+10", "Retprobe address must be an function entry",
	  -EINVAL },
	{ "p ^vfs_read+10%return", "Retprobe address must be an function entry",
	  -EINVAL },
	{ "p vfs_read^%hoge", "Invalid probed address suffix", -EINVAL },
	{ "f vfs_read^%hoge", "Invalid probed address suffix", -EINVAL },
	{ "p:^/bar vfs_read", "Group name is not specified", -EINVAL },
	{ "p:^" N64 "5/bar vfs_read", "Group name is too long", -EINVAL },
	{ "p:^foo.1/bar vfs_read",
	  "Group name must follow the same rules as C identifiers", -EINVAL },
	{ "p:^ vfs_read", "Event name is not specified", -EINVAL },
	{ "p:foo/^" N64 "5 vfs_read", "Event name is too long", -EINVAL },
	{ "p:foo/^bar.1 vfs_read",
	  "Event name must follow the same rules as C identifiers", -EINVAL },
	{ "p vfs_read ^$retval", "$retval is not available on probe", -EINVAL },
	{ "t:x kmalloc ^$retval", "$retval is not available on probe",
	  -EINVAL },
	{ "p vfs_read ^$stack10000", "Invalid stack number", -EINVAL },
	{ "p vfs_read ^$stack0+10", "Invalid stack number", -EINVAL },
	{ "p vfs_read ^$arg10000", "Invalid argument number", -EINVAL },
	{ "p vfs_read ^$arg0", "Invalid argument number", -EINVAL },
	{ "r vfs_read x=^$arg7", "Invalid argument number", -EINVAL },
	{ "t^100 forked", "Maxactive is only for function exit", -EINVAL },
	{ "p^x vfs_read", "Maxactive is only for function exit", -EINVAL },
	{ "t forked^%return", "Invalid probed address suffix", -EINVAL },
	{ "p vfs_read+1 ^$arg1",
	  "$arg* can be used only on function entry or exit", -EINVAL },
	{ "p vfs_read ^$none_var", "Invalid $-variable specified", -EINVAL },
	{ "p vfs_read ^$stackp", "Invalid $-variable specified", -EINVAL },
	{ "f vfs_read ^%ax", "Invalid $-variable specified", -EINVAL },
	{ "p vfs_read ^%none_reg", "Invalid register name", -EINVAL },
	{ "p vfs_read ^@12345678abcde", "Invalid memory address", -EINVAL },
	{ "p vfs_read ^@+10", "File offset is not available with kprobe",
	  -EINVAL },
	{ "p ^vfs_read @nosuch", "Invalid probed address or symbol", -ENOENT },
	{ "p ^vfs_read @_sdata*10", "Invalid probed address or symbol",
	  -ENOENT },
	{ "p vfs_read arg1=\\^x", "Invalid immediate value", -EINVAL },
	{ "p vfs_read arg1=\\\"abcd^", "String is not closed with '\"'",
	  -EINVAL },
	{ "p vfs_read ^+0@0)", "Dereference needs a brace", -EINVAL },
	{ "p vfs_read ^+0ab1(@0)", "Invalid dereference offset", -EINVAL },
	{ "p vfs_read ^+(%ax)", "Invalid dereference offset", -EINVAL },
	{ "p vfs_read +0(+0(@0^)", "Dereference brace is not closed", -EINVAL },
	{ "p vfs_read +0(^$comm)", "$comm can not be dereferenced", -EINVAL },
	{ "p vfs_read ^&1", "Invalid fetch argument", -EINVAL },
	{ "p vfs_read ^+0(%ax)+10", "Invalid fetch argument", -EINVAL },
	{ "p vfs_read +0(^+0(+0(+0(+0(+0(+0(+0(+0(+0(+0(+0(+0(+0(@0"
	  "))))))))))))))",
	  "Dereference is too much nested", -EINVAL },
	{ "p vfs_read +0(@11):u8[10^", "Array is not closed", -EINVAL },
	{ "p vfs_read +0(@11):u8[10]^a", "Array has wrong suffix", -EINVAL },
	{ "p vfs_read +0(@11):u8[^10a]", "Invalid array size", -EINVAL },
	{ "p vfs_read +0(@11):u8[^0]", "Invalid array size", -EINVAL },
	{ "p vfs_read +0(@11):u8[^256]", "Array number is too big", -EINVAL },
	{ "p vfs_read +0(@11):u8[^65]", "Array number is too big", -EINVAL },
	{ "p vfs_read @11:^unknown_type", "Unknown type is specified",
	  -EINVAL },
	{ "p vfs_read %ax:^:x16", "Unknown type is specified", -EINVAL },
	{ "p vfs_read @11:^b10", "Unknown type is specified", -EINVAL },
	{ "p vfs_read $stack0:^string", "String accepts only memory argument",
	  -EINVAL },
	{ "p vfs_read %ax:^u8[4]", "String accepts only memory argument",
	  -EINVAL },
	{ "p vfs_read +u0(%ax):^symstr",
	  "Symbol String doesn't accept data/userdata", -EINVAL },
	{ "p vfs_read @11:^b10@a/16", "Invalid bitfield", -EINVAL },
	{ "p vfs_read @11:^b10@7/16", "Invalid bitfield", -EINVAL },
	{ "p vfs_read @11:^b0@0/16", "Invalid bitfield", -EINVAL },
	{ "p vfs_read $comm:^x64",
	  "$comm and immediate-string only accepts string type", -EINVAL },
	{ "p vfs_read ^arg123456789012345678901234567890=@11",
	  "Argument name is too long", -EINVAL },
	{ "p vfs_read ^=@11", "Argument name is not specified", -EINVAL },
	{ "p vfs_read ^var.1=@11",
	  "Argument name must follow the same rules as C identifiers",
	  -EINVAL },
	{ "p vfs_read var1=@11 ^var1=@12", "This argument name is already used",
	  -EINVAL },
	{ "p vfs_read ^common_pid=@12", "This argument name is already used",
	  -EINVAL },
	{ "p vfs_read ^+1234567(+1234567(+1234567(+1234567(+1234567(+1234567("
	  "@1234))))))",
	  "Argument expression is too long", -E2BIG },
	{ "p vfs_read arg1=^", "No argument expression", -EINVAL },
	{ "t sched^:switch", "Invalid character in tracepoint name", -EINVAL },
	/* Names: those of the tests *_syntax_errors.tc of Linux 6.12. */
	{ "p vfs_read args=^$arg*",
	  "$arg* must be an independent parameter without name etc.", -EINVAL },
	{ "p vfs_read +0(^$arg*)",
	  "$arg* must be an independent parameter without name etc.", -EINVAL },
	{ "p vfs_read ^$arg*:u8",
	  "$arg* must be an independent parameter without name etc.", -EINVAL },
	{ "f vfs_read a=\\1 $arg2 ^file:string",
	  "This type does not fit for string.", -EINVAL },
	{ "t forked $arg* ^$arg*",
	  "$arg* can be used only once in the parameters", -EINVAL },
	{ "p vfs_read+8 ^$arg*",
	  "$arg* can be used only on function entry or exit", -EINVAL },
	{ "p vfs_read ^hoge", "This variable is not found at this probe point",
	  -ENOENT },
	{ "p vfs_read x=^hoge",
	  "This variable is not found at this probe point", -ENOENT },
	{ "p vfs_read ^$arg6", "This variable is not found at this probe point",
	  -ENOENT },
	{ "r do_exit ^$retval", "This function returns 'void' type", -ENOENT },
	{ "f do_exit%return ^$retval", "This function returns 'void' type",
	  -ENOENT },
	{ "p do_exit ^x", "This variable is not found at this probe point",
	  -ENOENT },
	{ "p kernel_clone ^x", "No BTF entry for this probe point", -ENOENT },
	{ "r kernel_clone ^$retval->x", "No BTF entry for this probe point",
	  -ENOENT },
	{ "p kernel_clone ^$arg*", "BTF is not available or not supported",
	  -EOPNOTSUPP },
	{ "p do_exit ^$arg*", "BTF is not available or not supported",
	  -EOPNOTSUPP },
	{ "p vfs_read+8 ^file", "BTF is not available or not supported",
	  -EINVAL },
	{ "f vfs_read%return $retval->^foo",
	  "This is not a pointer to union/structure.", -EINVAL },
	{ "p vfs_read count->^foo", "This is not a pointer to union/structure.",
	  -EINVAL },
	{ "p vfs_read file->^foo", "This field is not found.", -ENOENT },
	{ "p vfs_read file->^name->x", "This field is not found.", -ENOENT },
	{ "p vfs_read file^-.foo", "Failed to parse single hyphen. Forgot '>'?",
	  -EINVAL },
	{ "p vfs_read file.^foo",
	  "Non pointer structure/union argument is not supported.",
	  -EOPNOTSUPP },
	{ "p vfs_read ^pair",
	  "Non pointer structure/union argument is not supported.",
	  -EOPNOTSUPP },
	{ "p vfs_read ^file:string", "This type does not fit for string.",
	  -EINVAL },
	{ "p vfs_read file->^number:string",
	  "This type does not fit for string.", -EINVAL },
	{ "t forked ^data", "This variable is not found at this probe point",
	  -ENOENT },
};

static void take_mark(const char *marked, char *text, unsigned int *at)
{
	const char *mark = strchr(marked, '^');

	*at = (unsigned int)(mark - marked);
	memcpy(text, marked, *at);
	strscpy(text + *at, mark + 1, 512 - *at);
}

UNIT(probe_parse, every_error_has_linux_text_and_place)
{
	char text[512];
	unsigned int at;
	struct probe_def *def;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(errors); i++) {
		take_mark(errors[i].marked, text, &at);
		def = parse(text);
		if (!CHECK(IS_ERR(def))) {
			host_print(text);
			continue;
		}
		CHECK_EQ(PTR_ERR(def), errors[i].err);
		CHECK_STR(probe_error_text(line.error), errors[i].text);
		if (!CHECK_EQ(line.error_at, at))
			host_print(text);
	}
}

UNIT(probe_parse, an_error_counts_in_single_blanks)
{
	CHECK(IS_ERR(parse("  p   vfs_read\t\tx=%ax   $none ")));
	CHECK_STR(line.text, "p vfs_read x=%ax $none");
	CHECK_EQ(line.error_at, 17);
}

UNIT(probe_parse, another_first_letter_is_not_its_own)
{
	CHECK_EQ(PTR_ERR(parse("a:x vfs_read")), -ECANCELED);
	CHECK_EQ(PTR_ERR(parse("p")), -ECANCELED);
	CHECK_EQ(PTR_ERR(parse("pfoo vfs_read")), -EINVAL);
	probe_line_cut(&line, "f vfs_read", 10);
	CHECK_EQ(PTR_ERR(probe_parse(&line, "pr")), -ECANCELED);
}

/* ---- what a definition means --------------------------------------------- */

static void check_names(const char *text, enum probe_kind kind,
			const char *group, const char *event, const char *place)
{
	struct probe_def *def = parse(text);
	char buf[128];

	if (!CHECK(!IS_ERR(def))) {
		host_print(text);
		return;
	}
	probe_def_place(def, buf, sizeof(buf));
	CHECK_EQ(def->kind, kind);
	CHECK_STR(def->group, group);
	CHECK_STR(def->event, event);
	CHECK_STR(buf, place);
	probe_def_free(def);
}

UNIT(probe_parse, names_that_are_not_given_are_made)
{
	check_names("p vfs_read", PROBE_ENTRY, "kprobes", "p_vfs_read_0",
		    "vfs_read");
	check_names("p vfs_read+0x10", PROBE_ENTRY, "kprobes", "p_vfs_read_16",
		    "vfs_read+16");
	check_names("p f.isra.0", PROBE_ENTRY, "kprobes", "p_f_isra_0_0",
		    "f.isra.0");
	check_names("p 0xffffffff80001000", PROBE_ENTRY, "kprobes",
		    "p_0xffffffff80001000", "0xffffffff80001000");
	check_names("p:g/e vfs_read", PROBE_ENTRY, "g", "e", "vfs_read");
	check_names("p:g.e vfs_read", PROBE_ENTRY, "g", "e", "vfs_read");
	check_names("p:my-g/ vfs_read", PROBE_ENTRY, "my-g", "p_vfs_read_0",
		    "vfs_read");
	check_names("r10:e vfs_read", PROBE_RETURN, "kprobes", "e", "vfs_read");
	check_names("p:e vfs_read%return", PROBE_RETURN, "kprobes", "e",
		    "vfs_read");
	check_names("f vfs_read", PROBE_FENTRY, "fprobes", "vfs_read__entry",
		    "vfs_read");
	check_names("f10 vfs_read%return", PROBE_FEXIT, "fprobes",
		    "vfs_read__exit", "vfs_read%return");
	check_names("f vfs_read $retval", PROBE_FEXIT, "fprobes",
		    "vfs_read__exit", "vfs_read%return");
	check_names("t sched_switch", PROBE_POINT, "tracepoints",
		    "sched_switch", "sched_switch");
}

struct want {
	const char *fetch;
	const char *type, *field;
	unsigned int size, steps;
	struct probe_step first, last;
};

#define STEP(op, value)              \
	{                            \
		PROBE_OP_##op, value \
	}
#define AT(name) offsetof(struct pt_regs, name)

static const struct want wants[] = {
	{ "%ax", "x64", "u64", 8, 1, STEP(REG, AT(ax)), STEP(REG, AT(ax)) },
	{ "%r15:s32", "s32", "s32", 4, 1, STEP(REG, AT(r15)),
	  STEP(REG, AT(r15)) },
	{ "$stack", "x64", "u64", 8, 1, STEP(REG, AT(sp)), STEP(REG, AT(sp)) },
	{ "$stack7:x8", "x8", "u8", 1, 1, STEP(STACK, 7), STEP(STACK, 7) },
	{ "$arg1", "x64", "u64", 8, 1, STEP(REG, AT(di)), STEP(REG, AT(di)) },
	{ "$arg6", "x64", "u64", 8, 1, STEP(REG, AT(r9)), STEP(REG, AT(r9)) },
	{ "$arg8", "x64", "u64", 8, 1, STEP(STACK, 2), STEP(STACK, 2) },
	{ "$comm", "string", "__data_loc char[]", 4, 1, STEP(COMM, 0),
	  STEP(COMM, 0) },
	{ "@0x1234", "x64", "u64", 8, 2, STEP(IMM, 0x1234), STEP(DEREF, 0) },
	{ "@_sdata+16:u16", "u16", "u16", 2, 2,
	  STEP(IMM, (s64)(SYMBOL_BASE + 6 * SYMBOL_SIZE + 16)),
	  STEP(DEREF, 0) },
	{ "@_sdata-16:char", "char", "u8", 1, 2,
	  STEP(IMM, (s64)(SYMBOL_BASE + 6 * SYMBOL_SIZE - 16)),
	  STEP(DEREF, 0) },
	{ "\\-5", "x64", "u64", 8, 1, STEP(IMM, -5), STEP(IMM, -5) },
	{ "\\0x10:u8", "u8", "u8", 1, 1, STEP(IMM, 16), STEP(IMM, 16) },
	{ "\\\"text\"", "string", "__data_loc char[]", 4, 1, STEP(TEXT, 0),
	  STEP(TEXT, 0) },
	{ "+8(%di)", "x64", "u64", 8, 2, STEP(REG, AT(di)), STEP(DEREF, 8) },
	{ "-8(%di)", "x64", "u64", 8, 2, STEP(REG, AT(di)), STEP(DEREF, -8) },
	{ "+u8(%di)", "x64", "u64", 8, 2, STEP(REG, AT(di)), STEP(USER, 8) },
	{ "+0x10(+8(-1(%di))):string", "string", "__data_loc char[]", 4, 4,
	  STEP(REG, AT(di)), STEP(DEREF, 16) },
	{ "+0(%di):ustring", "ustring", "__data_loc char[]", 4, 2,
	  STEP(REG, AT(di)), STEP(DEREF, 0) },
	{ "%ip:symbol", "symbol", "u64", 8, 1, STEP(REG, AT(ip)),
	  STEP(REG, AT(ip)) },
	{ "%ip:symstr", "symstr", "__data_loc char[]", 4, 1, STEP(REG, AT(ip)),
	  STEP(REG, AT(ip)) },
	{ "%di:b4@4/32", "u32", "u32", 4, 1, STEP(REG, AT(di)),
	  STEP(REG, AT(di)) },
};

/* By name: the name that the argument gets, its type and its steps. */
static const struct {
	const char *line, *name;
	struct want want;
} named[] = {
	{ "p vfs_read count",
	  "count",
	  { "count", "u64", "u64", 8, 1, STEP(REG, AT(dx)),
	    STEP(REG, AT(dx)) } },
	{ "f vfs_read count:x8",
	  "count",
	  { "count:x8", "x8", "u8", 1, 1, STEP(REG, AT(dx)),
	    STEP(REG, AT(dx)) } },
	{ "p vfs_read $arg3:s32",
	  "count",
	  { "count:s32", "s32", "s32", 4, 1, STEP(REG, AT(dx)),
	    STEP(REG, AT(dx)) } },
	{ "r vfs_read x=$arg1",
	  "x",
	  { "$arg1", "x64", "u64", 8, 1, STEP(REG, AT(di)),
	    STEP(REG, AT(di)) } },
	/* A structure of two words is in front of it. */
	{ "p vfs_read pos",
	  "pos",
	  { "pos", "s16", "s16", 2, 1, STEP(REG, AT(r9)), STEP(REG, AT(r9)) } },
	{ "p vfs_read file",
	  "file",
	  { "file", "x64", "u64", 8, 1, STEP(REG, AT(di)),
	    STEP(REG, AT(di)) } },
	{ "p vfs_read file->number",
	  "arg1",
	  { "file->number", "s32", "s32", 4, 2, STEP(REG, AT(di)),
	    STEP(DEREF, 8) } },
	{ "p vfs_read n=file->name:string",
	  "n",
	  { "file->name:string", "string", "__data_loc char[]", 4, 3,
	    STEP(REG, AT(di)), STEP(DEREF, 0) } },
	{ "p vfs_read file->text:string",
	  "arg1",
	  { "file->text:string", "string", "__data_loc char[]", 4, 2,
	    STEP(REG, AT(di)), STEP(DEREF, 24) } },
	{ "p vfs_read buf:string",
	  "buf",
	  { "buf:string", "string", "__data_loc char[]", 4, 2,
	    STEP(REG, AT(si)), STEP(DEREF, 0) } },
	{ "p vfs_read file->other",
	  "arg1",
	  { "file->other", "x64", "u64", 8, 2, STEP(REG, AT(di)),
	    STEP(DEREF, 48) } },
	{ "p vfs_read +4(file)",
	  "arg1",
	  { "+4(file)", "x64", "u64", 8, 2, STEP(REG, AT(di)),
	    STEP(DEREF, 4) } },
	{ "p vfs_read +2(file->name):u8",
	  "arg1",
	  { "+2(file->name):u8", "u8", "u8", 1, 3, STEP(REG, AT(di)),
	    STEP(DEREF, 2) } },
	{ "r vfs_read $retval",
	  "arg1",
	  { "$retval", "u64", "u64", 8, 1, STEP(REG, AT(ax)),
	    STEP(REG, AT(ax)) } },
	{ "t forked pid",
	  "pid",
	  { "pid", "s32", "s32", 4, 1, STEP(REG, AT(si)), STEP(REG, AT(si)) } },
	{ "t forked $arg1",
	  "parent",
	  { "parent", "x64", "u64", 8, 1, STEP(REG, AT(di)),
	    STEP(REG, AT(di)) } },
};

static void check_step(struct probe_step is, struct probe_step want)
{
	CHECK_EQ(is.op, want.op);
	CHECK_EQ(is.value, want.value);
}

static void check_want(const char *text, const char *name,
		       const struct want *want)
{
	const struct probe_arg *arg;
	struct probe_def *def = parse(text);

	if (!CHECK(!IS_ERR(def))) {
		host_print(text);
		return;
	}
	arg = def->arg;
	CHECK_EQ(def->n_args, 1);
	CHECK_STR(arg->name, name);
	CHECK_STR(arg->text, want->fetch);
	CHECK_STR(arg->type->name, want->type);
	CHECK_STR(arg->type->field, want->field);
	CHECK_EQ(arg->size, want->size);
	CHECK_EQ(arg->offset, probe_args_offset(def->kind));
	CHECK_EQ(def->size, arg->offset + want->size);
	CHECK_EQ(arg->n_steps, want->steps);
	check_step(arg->step[0], want->first);
	check_step(arg->step[arg->n_steps - 1], want->last);
	probe_def_free(def);
}

UNIT(probe_parse, each_form_of_a_fetch_is_its_steps)
{
	char text[128];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(wants); i++) {
		snprintf(text, sizeof(text), "p vfs_read x=%s", wants[i].fetch);
		check_want(text, "x", &wants[i]);
	}
}

UNIT(probe_parse, an_argument_by_name_is_its_steps_and_type)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(named); i++)
		check_want(named[i].line, named[i].name, &named[i].want);
}

UNIT(probe_parse, all_arguments_stand_for_themselves)
{
	struct probe_def *def = parse("t forked a=\\1 $arg* b=pid:x8");

	if (!CHECK(!IS_ERR(def)))
		return;
	CHECK_EQ(def->n_args, 4);
	CHECK_STR(def->arg[1].name, "parent");
	CHECK_STR(def->arg[1].text, "parent");
	CHECK_STR(def->arg[2].name, "pid");
	CHECK_STR(def->arg[2].type->name, "s32");
	CHECK_STR(def->arg[3].text, "pid:x8");
	probe_def_free(def);
}

UNIT(probe_parse, a_bit_field_by_name_has_its_shifts)
{
	struct probe_def *def = parse("p vfs_read file->flag");

	if (!CHECK(!IS_ERR(def)))
		return;
	CHECK_STR(def->arg[0].type->name, "u32");
	CHECK_EQ(def->arg[0].left, 32 - 3 - 5);
	CHECK_EQ(def->arg[0].right, 32 - 3);
	probe_def_free(def);
}

UNIT(probe_parse, arguments_lie_side_by_side_PE2)
{
	struct probe_def *def =
		parse("r vfs_read %ax:u8 b=+0(%di):u16[5] $retval c=$comm");

	if (!CHECK(!IS_ERR(def)))
		return;
	CHECK_EQ(def->n_args, 4);
	CHECK_EQ(def->arg[0].offset, 24);
	CHECK_STR(def->arg[0].name, "arg1");
	CHECK_EQ(def->arg[1].offset, 25);
	CHECK_EQ(def->arg[1].count, 5);
	CHECK_EQ(def->arg[2].offset, 35);
	CHECK_STR(def->arg[2].name, "arg3");
	CHECK_EQ(def->arg[3].offset, 43);
	CHECK_EQ(def->size, 47);
	probe_def_free(def);
}

UNIT(probe_parse, a_bit_field_has_its_shifts)
{
	struct probe_def *def = parse("p vfs_read %di:b4@8/32");

	CHECK_EQ(def->arg[0].left, 32 - 4 - 8);
	CHECK_EQ(def->arg[0].right, 32 - 4);
	probe_def_free(def);
}

/* ---- limits -------------------------------------------------------------- */

static struct probe_def *parse_many(unsigned int n, const char *fetch)
{
	static char text[8192];
	size_t at = (size_t)snprintf(text, sizeof(text), "p vfs_read");
	unsigned int i;

	for (i = 0; i < n; i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, " %s",
				       fetch);
	return parse(text);
}

UNIT(probe_parse, the_limits_are_met_and_not_passed_PE2)
{
	struct probe_def *def = parse_many(PROBE_ARGS, "%di");

	if (CHECK(!IS_ERR(def))) {
		CHECK_EQ(def->n_args, PROBE_ARGS);
		CHECK_STR(def->arg[127].name, "arg128");
		probe_def_free(def);
	}
	CHECK_EQ(PTR_ERR(parse_many(PROBE_ARGS + 1, "%di")), -E2BIG);
	/* 16 bytes of head and 5 arrays of 512 bytes are below 3,072. */
	def = parse_many(5, "+0(%di):u64[64]");
	CHECK(!IS_ERR(def));
	probe_def_free(def);
	CHECK_EQ(PTR_ERR(parse_many(6, "+0(%di):u64[64]")), -E2BIG);
	CHECK_STR(probe_error_text(line.error),
		  "Event too big (too many fields?)");
	/* A value and 13 pairs of brackets are 14 steps, and one stores. */
	def = parse("p vfs_read +0(+0(+0(+0(+0(+0(+0(+0(+0(+0(+0(+0(+0(%di"
		    ")))))))))))))");
	CHECK(!IS_ERR(def));
	probe_def_free(def);
}

/* ---- nothing is left ----------------------------------------------------- */

static u64 seed = 19;

static u32 rnd(u32 n)
{
	return (u32)(host_random(&seed) % n);
}

static const char *const pieces[] = {
	"p",	   "r",	       "f",	  "t",	    "10",    ":",
	"/",	   "vfs_read", " ",	  " ",	    "twice", "+",
	"-",	   "0x10",     "%return", "%di",    "%ax",   "$stack",
	"$stack3", "$retval",  "$comm",	  "$arg1",  "@",     "_sdata",
	"\\",	   "\"",       "+0(",	  "-8(",    "+u0(",  ")",
	")",	   ":",	       "u8",	  "string", "x64",   "symstr",
	"[4]",	   "[",	       "]",	  "b4@4/8", "=",     "name",
	"symbol",  "ustring",  "ab",	  "9",	    "$",     "&",
	"char",	   "->",       "file",	  "count",  "$arg*", "number",
	"text",	   "flag",     ".",	  "forked",
};

static size_t add(char *text, size_t size, size_t at, const char *piece)
{
	return at + (size_t)snprintf(text + at, size - at, "%s", piece);
}

/* Any pieces, now and then a byte of anything. */
static void random_pieces(char *text, size_t size)
{
	size_t at = add(text, size, 0, rnd(4) ? "p vfs_read " : "");
	u32 n = 1 + rnd(24), i;

	for (i = 0; i < n && at + 16 < size; i++) {
		if (rnd(20))
			at = add(text, size, at,
				 pieces[rnd(ARRAY_SIZE(pieces))]);
		else
			text[at++] = (char)(1 + rnd(255));
	}
	text[at] = '\0';
}

/* By the grammar; then one character in three lines is another one. */
static void random_grammar(char *text, size_t size)
{
	static const char *const heads[] = { "p vfs_read", "r9:e vfs_read",
					     "f:g/ do_exit", "p:x do_exit+7" };
	static const char *const values[] = { " %si", " $stack2", " @_sdata",
					      " \\7", " $arg3",	  " $comm" };
	static const char *const types[] = { "",	":u8",	   ":x16[3]",
					     ":b2@1/8", ":string", ":char" };
	size_t at = add(text, size, 0, heads[rnd(ARRAY_SIZE(heads))]);
	u32 n = rnd(4), i;

	for (i = 0; i < n; i++) {
		bool deref = rnd(2);

		if (deref)
			at = add(text, size, at, " +8(");
		at = add(text, size, at,
			 values[rnd(ARRAY_SIZE(values))] + deref);
		at = add(text, size, at, deref ? ")" : "");
		at = add(text, size, at, types[rnd(ARRAY_SIZE(types))]);
	}
	if (!rnd(3))
		text[rnd((u32)at)] = (char)(1 + rnd(255));
}

static void random_line(char *text, size_t size)
{
	if (rnd(2))
		random_pieces(text, size);
	else
		random_grammar(text, size);
}

static void check_read_back(const struct probe_def *def)
{
	struct probe_def *again;
	static char text[8192];

	probe_write_back(def, text, sizeof(text));
	again = parse(text);
	if (!CHECK(!IS_ERR(again))) {
		host_print(text);
		return;
	}
	CHECK(probe_defs_equal(again, def));
	probe_def_free(again);
}

UNIT(probe_parse, random_lines_leave_nothing_half_made_PE1)
{
	size_t live = host_live;
	unsigned int i, accepted = 0;
	struct probe_def *def;
	char text[512];

	for (i = 0; i < 100000; i++) {
		random_line(text, sizeof(text));
		def = parse(text);
		if (IS_ERR(def)) {
			CHECK(line.error_at <= strlen(line.text) + 1);
		} else {
			accepted++;
			CHECK(probe_def_is_sound(def));
			check_read_back(def);
			probe_def_free(def);
		}
		if (!CHECK_EQ(host_live, live)) {
			host_print(text);
			return;
		}
	}
	/* The lines are not only refused. */
	CHECK(accepted > 10000);
}
