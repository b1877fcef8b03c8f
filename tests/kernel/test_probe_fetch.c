// SPDX-License-Identifier: MIT
/*
 * Each form of a fetch and each type of an argument, against values that stand
 * in registers, on the stack and in memory; and memory that cannot be read.
 */
#include "arch/x86_64/cpu/irq.h"
#include "arch/x86_64/mm/paging.h"
#include "kernel/lib/printf.h"
#include "tests/kernel/probe_lines.h"
#include "tests/kernel/tp_events.h"
#include "tests/kernel/vmap.h"
#include "trace/probes/probe_fetch.h"
#include <asm/atomic.h>
#include <asm/smp.h>

/* In the order of a probe that walks: one struct leads to the next. */
struct pf_node {
	u64 number;
	const struct pf_node *next;
	char text[16];
};

static const struct pf_node pf_last = { 77, NULL, "the last" };
static const struct pf_node pf_first = { 0xfedcba9876543281, &pf_last,
					 "the first" };
static __used const u8 pf_bytes[8] = { 1, 2, 250, 255, 0x80, 0x7f, 'n', '5' };
static const char *const pf_texts[2] = { "one", "two" };
static __used u64 (*const pf_function)(u64, const void *, const void *, u64,
				       u64, u64, u64, u64) = probe_victim;

static noinline void call_victim(void)
{
	EXPECT_EQ(probe_victim(0x1122334455667788, &pf_first, pf_texts, 4, 5, 6,
			       7, (u64)-8),
		  0x1122334455667789);
	tp_call_two(7, 0x102);
}

/* Does one argument of this probe have this value? Patterns. */
static bool fetched(const char *place, const char *fetch, const char *value)
{
	char line[256], pattern[256];
	bool same;

	snprintf(line, sizeof(line), "%s x=%s", place, fetch);
	if (!EXPECT_EQ(probe_add("dynamic_events", line),
		       (ssize_t)strlen(line))) {
		ktest_note("%s", line);
		return false;
	}
	tt_write("events/pf/enable", "1");
	call_victim();
	tt_write("events/pf/enable", "0");
	snprintf(pattern, sizeof(pattern), "one: (*) x=%s", value);
	same = probe_recorded("one", pattern);
	if (!same)
		ktest_note("%s", line);
	tt_write("dynamic_events", "\n");
	return same;
}

struct pf_case {
	const char *fetch, *value;
};

static void all_fetched(const char *place, const struct pf_case *cases,
			size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		EXPECT(fetched(place, cases[i].fetch, cases[i].value));
}

#define ALL_FETCHED(place, cases) all_fetched(place, cases, ARRAY_SIZE(cases))

KTEST(probe_fetch, values_of_registers_and_the_stack)
{
	static const struct pf_case cases[] = {
		{ "%di", "0x1122334455667788" },
		{ "%di:x32", "0x55667788" },
		{ "%di:x16", "0x7788" },
		{ "%di:x8", "0x88" },
		{ "%di:s8", "-120" },
		{ "%cx", "0x4" },
		{ "%r8", "0x5" },
		{ "%r9:u8", "6" },
		{ "%si:symbol", "pf_first+0x0/0x[2-9]*" },
		{ "%si:symstr", "\"pf_first+0x0/0x[2-9]*\"" },
		{ "%cs", "0x8" },
		{ "$arg1", "0x1122334455667788" },
		{ "$arg4:u64", "4" },
		{ "$arg6", "0x6" },
		{ "$arg7", "0x7" },
		{ "$arg8:s64", "-8" },
		{ "$stack0:symbol", "call_victim+0x*/0x*" },
		{ "$stack1:u32", "7" },
		{ "+8($stack):u64", "7" },
		{ "+0($stack):symbol", "call_victim+0x*/0x*" },
		{ "$comm", "\"*[a-z]*\"" },
		{ "$comm:string", "\"*[a-z]*\"" },
		{ "\\5", "0x5" },
		{ "\\-5:s64", "-5" },
		{ "\\0x10:u8", "16" },
		{ "\\\"text\"", "\"text\"" },
	};

	if (probes_begin("nop"))
		ALL_FETCHED("p:pf/one probe_victim", cases);
	probes_end();
}

KTEST(probe_fetch, every_type_of_memory)
{
	static const struct pf_case cases[] = {
		{ "@pf_first", "0xfedcba9876543281" },
		{ "@pf_first:u8", "129" },
		{ "@pf_first:s8", "-127" },
		{ "@pf_first:x8", "0x81" },
		{ "@pf_first:u16", "12929" },
		{ "@pf_first:s16", "12929" },
		{ "@pf_first:x16", "0x3281" },
		{ "@pf_first+4:u32", "4275878552" },
		{ "@pf_first+4:s32", "-19088744" },
		{ "@pf_first+4:x32", "0xfedcba98" },
		{ "@pf_first:u64", "18364758544493064833" },
		{ "@pf_first:s64", "-81985529216486783" },
		{ "@pf_first:x64", "0xfedcba9876543281" },
		{ "@pf_first+20:char", "'f'" },
		{ "@pf_first:b4@4/8", "8" },
		{ "@pf_first:b8@4/32", "40" },
		{ "@pf_first:b1@63/64", "1" },
		{ "@pf_first:b3@0/16", "1" },
		{ "@pf_function:symbol", "probe_victim+0x0/0x*" },
		{ "@pf_function:symstr", "\"probe_victim+0x0/0x*\"" },
		{ "@pf_first+16:string", "\"the first\"" },
	};

	if (probes_begin("nop"))
		ALL_FETCHED("p:pf/one probe_victim", cases);
	probes_end();
}

KTEST(probe_fetch, arrays_of_every_type)
{
	static const struct pf_case cases[] = {
		{ "@pf_bytes:u8[4]", "{1,2,250,255}" },
		{ "@pf_bytes:s8[6]", "{1,2,-6,-1,-128,127}" },
		{ "@pf_bytes:x16[2]", "{0x201,0xfffa}" },
		{ "@pf_bytes+6:char[2]", "{'n','5'}" },
		{ "@pf_texts:string[2]", "{\"one\",\"two\"}" },
		{ "@pf_bytes:b4@4/8[3]", "{0,0,15}" },
		{ "@pf_bytes:x8[3]", "{0x1,0x2,0xfa}" },
		{ "@pf_bytes:u16[3]", "{513,65530,32640}" },
		{ "@pf_bytes:s16[3]", "{513,-6,32640}" },
		{ "@pf_bytes:u32[2]", "{4294574593,896434048}" },
		{ "@pf_bytes:s32[2]", "{-392703,896434048}" },
		{ "@pf_bytes:x32[2]", "{0xfffa0201,0x356e7f80}" },
		{ "@pf_first:u64[1]", "{18364758544493064833}" },
		{ "@pf_first:s64[1]", "{-81985529216486783}" },
		{ "@pf_first:x64[1]", "{0xfedcba9876543281}" },
		{ "@pf_function:symbol[1]", "{probe_victim+0x0/0x*}" },
		{ "@pf_function:symstr[1]", "{\"probe_victim+0x0/0x*\"}" },
		{ "@pf_texts:ustring[2]", "{(fault),(fault)}" },
	};

	if (probes_begin("nop"))
		ALL_FETCHED("p:pf/one probe_victim", cases);
	probes_end();
}

KTEST(probe_fetch, memory_at_a_value_at_a_value)
{
	static const struct pf_case cases[] = {
		{ "+0(%si)", "0xfedcba9876543281" },
		{ "+8(%si):symbol", "pf_last+0x0/0x*" },
		{ "+16(%si):string", "\"the first\"" },
		{ "+0(+8(%si)):u64", "77" },
		{ "+16(+8($arg2)):string", "\"the last\"" },
		{ "+0(+0(%dx)):string", "\"one\"" },
		{ "+0(+8(%dx)):string", "\"two\"" },
		{ "-8(+8(%dx)):x8", "0x*" },
		{ "+0(%dx):string[2]", "{\"one\",\"two\"}" },
		{ "+0(%dx):symstr", "\"*+0x*/0x*\"" },
		{ "+8(@pf_first):symbol", "*" },
		{ "+0(+8(+0(%dx)))", "0x*" },
		/* Nothing is mapped there, and there is no user memory. */
		{ "+0(+8(+8(%si)))", "0x0" },
		{ "+0(%cx)", "0x0" },
		{ "+0(%cx):s8", "0" },
		{ "+0(%cx):u8[3]", "{0,0,0}" },
		{ "+0(%cx):string", "(fault)" },
		{ "+0(%cx):string[2]", "{(fault),(fault)}" },
		{ "+0(%cx):symstr", "(fault)" },
		{ "+0(%cx):ustring", "(fault)" },
		{ "+16(%si):ustring", "(fault)" },
		{ "+u16(%si):string", "(fault)" },
		{ "+u0(%si)", "0x0" },
		{ "@0xffff800000000000", "0x0" },
		{ "@0x1000:string", "(fault)" },
	};

	if (probes_begin("nop"))
		ALL_FETCHED("p:pf/one probe_victim", cases);
	probes_end();
}

KTEST(probe_fetch, what_each_kind_of_probe_knows)
{
	static const struct pf_case ret[] = {
		{ "$retval", "1234605616436508553" }, /* a u64 */
		{ "$retval:x64", "0x1122334455667789" },
		{ "$arg1", "0x1122334455667788" },
		{ "+16($arg2):string", "\"the first\"" },
		{ "$arg6:u8", "6" },
	};
	static const struct pf_case entry[] = {
		{ "$arg1", "0x1122334455667788" },
		{ "$arg7", "0x7" },
		{ "$arg8:s8", "-8" },
		{ "+16($arg2):string", "\"the first\"" },
		{ "$stack0:symbol", "call_victim+0x*/0x*" },
		{ "$comm", "\"*[a-z]*\"" },
	};
	static const struct pf_case point[] = {
		{ "$arg1", "0x7" },
		{ "$arg2:u16", "258" },
		{ "+16($arg2):string", "(fault)" },
		{ "number", "7" },
		{ "value:x16", "0x102" },
		{ "$comm", "\"*[a-z]*\"" },
	};

	if (probes_begin("nop")) {
		ALL_FETCHED("r:pf/one probe_victim", ret);
		ALL_FETCHED("r5:pf/one probe_victim", ret);
		ALL_FETCHED("p:pf/one probe_victim%return", ret);
		ALL_FETCHED("f:pf/one probe_victim%return", ret);
		ALL_FETCHED("f5:pf/one probe_victim%return", ret);
		ALL_FETCHED("f:pf/one probe_victim", entry);
		ALL_FETCHED("t:pf/one testing_two", point);
	}
	probes_end();
}

/* ---- page ends ----------------------------------------------------------- */

/* Two frames in the other order, and nothing behind them. */
static char *pf_map;
static char *pf_frame[2];

static bool map_frames(void)
{
	u64 phys[2];

	pf_frame[0] = alloc_pages_zeroed(0);
	pf_frame[1] = alloc_pages_zeroed(0);
	if (!EXPECT(pf_frame[0] && pf_frame[1]))
		return false;
	phys[0] = virt_to_phys(max(pf_frame[0], pf_frame[1]));
	phys[1] = virt_to_phys(min(pf_frame[0], pf_frame[1]));
	pf_map = vmap_pages(phys, 2, PROT_RW);
	return EXPECT(pf_map != NULL);
}

static void unmap_frames(void)
{
	vunmap_pages(pf_map, 2);
	free_page(pf_frame[0]);
	free_page(pf_frame[1]);
}

static void at_map(const char *fetch, unsigned long offset, const char *type,
		   const char *value)
{
	char text[64];

	snprintf(text, sizeof(text), "%s0x%lx%s", fetch,
		 (unsigned long)pf_map + offset, type);
	EXPECT(fetched("p:pf/one probe_victim", text, value));
}

KTEST(probe_fetch, memory_across_and_at_the_end_of_a_page_PE6)
{
	if (probes_begin("nop") && map_frames()) {
		memcpy(pf_map + PAGE_SIZE - 4, "over the edge", 14);
		memcpy(pf_map + 2 * PAGE_SIZE - 4, "last", 4);
		at_map("@", PAGE_SIZE - 4, ":string", "\"over the edge\"");
		at_map("@", PAGE_SIZE - 2, ":x32", "0x74207265");
		at_map("@", PAGE_SIZE - 1, ":char[3]", "{'r',' ','t'}");
		/* No NUL up to the end of what is mapped. */
		at_map("@", 2 * PAGE_SIZE - 4, ":string", "(fault)");
		at_map("@", 2 * PAGE_SIZE - 4, ":x32", "0x7473616c");
		at_map("@", 2 * PAGE_SIZE - 4, "", "0x0");
		at_map("@", 2 * PAGE_SIZE - 2, ":u8[4]", "{115,116,0,0}");
		at_map("@", 2 * PAGE_SIZE, ":u8", "0");
		pf_map[2 * PAGE_SIZE - 1] = '\0';
		at_map("@", 2 * PAGE_SIZE - 4, ":string", "\"las\"");
		at_map("@", 2 * PAGE_SIZE - 1, ":string", "\"\"");
		unmap_frames();
		at_map("@", 0, ":string", "(fault)");
	}
	probes_end();
}

/* A guard page is not mapped, nor are registers of devices memory. */
KTEST(probe_fetch, guard_pages_and_devices_are_not_read_PE6)
{
	unsigned long stack = (unsigned long)stack_alloc();
	u64 value;

	ASSERT(stack);
	*(u64 *)stack = 0x1234;
	EXPECT(probe_read(&value, stack, 8));
	EXPECT_EQ(value, 0x1234);
	EXPECT(!probe_read(&value, stack - 8, 8));
	EXPECT(!probe_read(&value, stack - 4, 8));
	stack_free((void *)stack);
	EXPECT(!probe_read(&value, IOREMAP_BASE, 8));
	EXPECT(!probe_read(&value, 0, 1));
	EXPECT(!probe_read(&value, ~0UL, 1));
	EXPECT(!probe_read(&value, 0x800000000000, 1));
	EXPECT(probe_read(&value, (unsigned long)probe_victim, 1));
}

/* ---- NMIs ---------------------------------------------------------------- */

#define NMIS 100

static atomic64_t nmis;

static bool nmi_calls_victim(struct pt_regs *regs)
{
	probe_victim(1, pf_map + PAGE_SIZE - 4, pf_map + 2 * PAGE_SIZE, 4, 5, 6,
		     7, 8);
	atomic64_inc(&nmis);
	return true;
}

/* A page fault in an NMI would return by IRET, and let in the next NMI. */
KTEST(probe_fetch, in_an_nmi_what_is_not_mapped_is_a_fault_PE6)
{
	unsigned int i;

	if (probes_begin("nop") && map_frames()) {
		memcpy(pf_map + PAGE_SIZE - 4, "over the edge", 14);
		EXPECT(probe_add("kprobe_events",
				 "p:pf/one probe_victim a=+0($arg2):string "
				 "b=+0($arg3):string c=+0(%dx):u64 "
				 "d=$arg8:s8") > 0);
		tt_write("events/pf/enable", "1");
		atomic64_set(&nmis, 0);
		EXPECT_EQ(nmi_handler_register(nmi_calls_victim), 0);
		for (i = 1; i <= NMIS; i++) {
			send_nmi(i % num_online_cpus());
			wait_until(atomic64_read(&nmis) == i, 1000);
		}
		nmi_handler_unregister(nmi_calls_victim);
		tt_write("events/pf/enable", "0");
		EXPECT_EQ(probe_records("one: (probe_victim+0x0/"), NMIS);
		EXPECT_EQ(probe_records(") a=\"over the edge\" b=(fault) c=0 "
					"d=8\n"),
			  NMIS);
		unmap_frames();
	}
	probes_end();
}
