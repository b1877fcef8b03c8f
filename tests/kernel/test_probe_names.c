// SPDX-License-Identifier: MIT
/*
 * Arguments of probe events by name: the parameters of a function, of a
 * tracepoint, what is returned, and the fields of a structure, as the build has
 * found them in the debug information.
 */
#include "kernel/base/kallsyms.h"
#include "kernel/base/params.h"
#include "kernel/base/slab.h"
#include "tests/kernel/probe_lines.h"
#include "tests/kernel/tp_events.h"

struct pn_guest {
	s32 age;
	const char *name;
	char title[8];
	u32 first : 3, second : 7, third : 22;
	union {
		u16 inner;
		u8 byte;
	};
	struct pn_guest *next;
};

enum pn_mood { PN_GOOD, PN_BAD = 7 };

static struct pn_guest pn_next = { .age = 5 };
static struct pn_guest pn_guest = { .age = -41,
				    .name = "Ada",
				    .title = "Dr.",
				    .first = 5,
				    .second = 99,
				    .third = 1234567,
				    .inner = 0xbeef,
				    .next = &pn_next };

static traced_function const struct pn_guest *
pn_greet(const struct pn_guest *guest, const char *word, u16 times, bool loud,
	 enum pn_mood mood, s8 less, u64 seventh)
{
	return guest->next;
}

struct pn_pair {
	u64 first, second;
};

/* The pair takes two registers. */
static traced_function u64 pn_behind(struct pn_pair pair, u32 behind)
{
	return pair.second + behind;
}

static traced_function void pn_nothing(void)
{
}

/* Is this what a definition without a name records? */
static void recorded(const char *line, const char *pattern)
{
	if (!EXPECT_EQ(probe_add("dynamic_events", line),
		       (ssize_t)strlen(line))) {
		ktest_note("%s", line);
		return;
	}
	tt_write("events/pn/enable", "1");
	EXPECT(pn_greet(&pn_guest, "hello", 65535, true, PN_BAD, -3,
			1UL << 40) == &pn_next);
	EXPECT_EQ(pn_behind((struct pn_pair){ 5, 6 }, 77), 83);
	pn_nothing();
	tp_call_two(1, 2);
	tt_write("events/pn/enable", "0");
	if (!EXPECT(probe_recorded("x", pattern)))
		ktest_note("%s", line);
	tt_write("dynamic_events", "\n");
}

KTEST(probe_names, parameters_by_name_have_their_types)
{
	ASSERT(probes_begin("nop"));
	recorded("p:pn/x pn_greet guest times loud mood less seventh",
		 "x: (*) guest=0x*[0-9a-f] times=65535 loud=1 mood=7 less=-3 "
		 "seventh=1099511627776");
	recorded("f:pn/x pn_greet word:string n=times:x8",
		 "x: (*) word=\"hello\" n=0xff");
	recorded("p:pn/x pn_greet $arg6 $arg2:string",
		 "x: (*) less=-3 word=\"hello\"");
	recorded("r:pn/x pn_greet times next=$retval:symbol",
		 "x: (* <- pn_greet) times=65535 next=pn_next+0x0/0x*");
	recorded("p:pn/x pn_behind behind", "x: (*) behind=77");
	EXPECT_EQ(probe_add("kprobe_events", "p:pn/x pn_behind pair"),
		  -EOPNOTSUPP);
	recorded("t:pn/x testing_two number value", "x: (*) number=1 value=2");
	recorded("t:pn/x testing_two $arg*", "x: (*) number=1 value=2");
	probes_end();
}

KTEST(probe_names, fields_are_one_level_deep)
{
	ASSERT(probes_begin("nop"));
	recorded("p:pn/x pn_greet guest->age guest->name:string "
		 "t=guest->title:string guest->inner guest->byte",
		 "x: (*) arg1=-41 arg2=\"Ada\" t=\"Dr.\" arg4=48879 arg5=239");
	recorded("f:pn/x pn_greet a=guest->first b=guest->second "
		 "c=guest->third",
		 "x: (*) a=5 b=99 c=1234567");
	recorded("p:pn/x pn_greet n=guest->next:symbol a=+0(guest->next):s32",
		 "x: (*) n=pn_next+0x0/0x* a=5");
	recorded("r:pn/x pn_greet $retval->age $retval->name:string",
		 "x: (*) arg1=5 arg2=(fault)");
	recorded("f:pn/x pn_greet%return $retval->age guest->age",
		 "x: (*) arg1=5 arg2=-41");
	probes_end();
}

KTEST(probe_names, all_of_them_are_shown_by_their_names)
{
	ASSERT(probes_begin("nop"));
	EXPECT(probe_add("kprobe_events", "p:pn/x pn_greet $arg*") > 0);
	EXPECT(tt_says("kprobe_events",
		       "p:pn/x pn_greet guest=guest word=word times=times "
		       "loud=loud mood=mood less=less seventh=seventh\n"));
	EXPECT_EQ(probe_add("kprobe_events", "p pn_nothing $arg*"),
		  -EOPNOTSUPP);
	EXPECT(bells_logged("error: BTF is not available or not supported\n"
			    "  Command: p pn_nothing $arg*\n"
			    "                        ^\n"));
	EXPECT_EQ(probe_add("kprobe_events", "r pn_nothing $retval"), -ENOENT);
	EXPECT_EQ(probe_add("kprobe_events", "p pn_greet guest->nam"), -ENOENT);
	EXPECT(bells_logged("error: This field is not found.\n"
			    "  Command: p pn_greet guest->nam\n"
			    "                             ^\n"));
	probes_end();
}

/* How much memory is asked for? */
KTEST(probe_names, functions_of_the_kernel_are_known)
{
	struct param param;
	unsigned long kmalloc_at = kallsyms_lookup_name("kmalloc");

	ASSERT(probes_begin("nop"));
	ASSERT_EQ(param_count(kmalloc_at), 1);
	param_get(kmalloc_at, 0, &param);
	EXPECT(!strcmp(param.name, "size"));
	EXPECT_EQ(param.kind, PARAM_UNSIGNED);
	EXPECT_EQ(param.size, 8);
	EXPECT(probe_add("dynamic_events", "f:pn/x kmalloc size") > 0);
	EXPECT(probe_add("dynamic_events", "p kmalloc size") > 0);
	tt_write("events/pn/enable", "1");
	kfree(kmalloc(12345));
	tt_write("events/pn/enable", "0");
	EXPECT(probe_records("x: (kmalloc+0x0/") >= 1);
	EXPECT_EQ(probe_records(") size=12345\n"), 1);
	probes_end();
}

/* A line in which the parameter stands in the function's place. */
KTEST(probe_names, an_fprobe_may_be_named_after_its_function)
{
	ASSERT(probes_begin("nop"));
	EXPECT_EQ(probe_add("dynamic_events", "f:kmalloc size"), 14);
	EXPECT(tt_says("dynamic_events",
		       "f:fprobes/kmalloc kmalloc size=size\n"));
	tt_write("events/fprobes/kmalloc/enable", "1");
	kfree(kmalloc(12345));
	tt_write("events/fprobes/kmalloc/enable", "0");
	EXPECT_EQ(probe_records(" kmalloc: (kmalloc+0x0/"),
		  probe_records(" size="));
	EXPECT_EQ(probe_records(") size=12345\n"), 1);
	EXPECT_EQ(probe_add("dynamic_events", "f:kmalloc sise"), -EINVAL);
	EXPECT(bells_logged("error: Invalid probed address or symbol\n"
			    "  Command: f:kmalloc sise\n"
			    "                     ^\n"));
	EXPECT_EQ(probe_add("dynamic_events", "f:kmalloc size"), -EEXIST);
	EXPECT_EQ(probe_add("kprobe_events", "f:kmalloc size"), -EINVAL);
	EXPECT_EQ(probe_add("dynamic_events", "-:kmalloc"), 9);
	EXPECT(tt_says("dynamic_events", ""));
	probes_end();
}

KTEST(probe_names, what_is_not_in_the_table_is_not_found)
{
	unsigned long function, before = 0;
	unsigned int n, own = 0;
	struct param param;

	ASSERT_EQ(param_function(~0U), 0);
	for (n = 0; (function = param_function(n)); n++) {
		EXPECT(function > before && param_count(function) >= 0);
		own += function == (unsigned long)pn_nothing;
		before = function;
	}
	EXPECT_EQ(own, 1);
	EXPECT_EQ(param_count(0), -1);
	EXPECT_EQ(param_count(~0UL), -1);
	EXPECT_EQ(param_count((unsigned long)pn_nothing), 0);
	EXPECT_EQ(param_count((unsigned long)pn_nothing + 1), -1);
	EXPECT(!param_field(PARAM_NO_OBJECT, "age", &param));
	EXPECT(!param_find(0, "size", &param));
	EXPECT(!param_find((unsigned long)pn_nothing, "size", &param));
	EXPECT(!param_find((unsigned long)kmalloc, "sizes", &param));
	ASSERT(param_find((unsigned long)kmalloc, "size", &param));
	EXPECT_EQ(param.size, sizeof(size_t));
	param_returned((unsigned long)pn_nothing, &param);
	EXPECT_EQ(param.kind, PARAM_VOID);
}
