// SPDX-License-Identifier: MIT
/*
 * word_disas.c - disas: the code of a function, a trampoline or any address,
 * as it is in memory now. A probed instruction is marked "probe", and shown
 * with the byte that its INT3 has replaced.
 */
#include "arch/x86_64/patch/exec_pool.h"
#include "arch/x86_64/patch/insn.h"
#include "arch/x86_64/patch/insn_decode.h"
#include "demo/words.h"
#include "kernel/base/kallsyms.h"
#include "kernel/base/slab.h"
#include "kernel/base/text_region.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/kstrto.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"
#include "kernel/lib/trace_seq.h"
#include "trace/arch_kprobe.h"
#include "trace/core/ftrace.h"
#include <asm/context.h>

#define USERS_TEXT    16384 /* about 200 users of one site */
#define INSTRUCTIONS  400   /* printed at most */
#define POOL_CODE_MAX 4096  /* bytes of a trampoline looked at */

int word_usage(struct stage *stage)
{
	shell_error(stage->argv[0], stage->command->usage, -EINVAL);
	return -EINVAL;
}

unsigned long word_site(const char *word, const char *function)
{
	unsigned long start = kallsyms_lookup_name(function);
	unsigned long ip = start ? ftrace_location(start) : 0;
	static char text[LINE_ROOM + 64]; /* the shell is one task */

	if (ip)
		return ip;
	scnprintf(text, sizeof(text), "%s: %s", function,
		  start ? "it has no site: compiled without, or in assembly" :
			  "no function has this name");
	shell_error(word, text, 0);
	return 0;
}

/* Print one line that decodes the five bytes at @ip. */
static int print_site(struct stage *stage, unsigned long ip)
{
	unsigned long addr = arch_ftrace_read(ip);
	const u8 *b = (const u8 *)ip;
	int ret;

	ret = stage_printf(stage, "%016lx  %*ph  ", ip, MCOUNT_INSN_SIZE, b);
	if (ret)
		return ret;
	if (addr == FTRACE_UNKNOWN)
		return stage_printf(stage, "being patched\n");
	if (!addr)
		return stage_printf(stage, "nop\n");
	return stage_printf(stage, "%s %016lx <%pS>\n",
			    addr & FTRACE_ADDR_JMP ? "jmp" : "call",
			    addr & ~FTRACE_ADDR_JMP,
			    (void *)(addr & ~FTRACE_ADDR_JMP));
}

static int print_users(struct stage *stage, const struct dyn_ftrace *rec)
{
	char *text = kmalloc(USERS_TEXT);
	struct trace_seq s;
	int ret;

	if (!text)
		return -ENOMEM;
	trace_seq_init(&s, text, USERS_TEXT);
	ftrace_describe_rec(rec, &s);
	ret = s.overflow ? -ENOSPC : stage_put(stage, text, s.len);
	kfree(text);
	return ret;
}

int word_show_site(struct stage *stage, unsigned long ip)
{
	const struct dyn_ftrace *rec = ftrace_rec_find(ip);
	int ret = print_site(stage, ip);

	if (!ret && rec && ftrace_rec_users(rec))
		ret = print_users(stage, rec);
	return ret;
}

/* The name of a branch, or NULL. */
static const char *branch_name(const struct insn *insn)
{
	static const char *const conditions[] = { "jo", "jno", "jb",  "jae",
						  "je", "jne", "jbe", "ja",
						  "js", "jns", "jp",  "jnp",
						  "jl", "jge", "jle", "jg" };

	switch (insn->class) {
	case INSN_CALL:
		return "call";
	case INSN_JMP:
		return "jmp";
	case INSN_JCC:
		return conditions[insn->opcode & 15];
	case INSN_LOOP:
		return "loop";
	}
	return NULL;
}

/* What an instruction that goes somewhere else is called; or "". */
static const char *plain_name(const struct insn *insn)
{
	switch (insn->class) {
	case INSN_RET:
		return "ret";
	case INSN_CALL_IND:
		return "call, indirect";
	case INSN_JMP_IND:
		return "jmp, indirect";
	case INSN_IRET:
		return "iret";
	case INSN_TRAP:
		return "trap";
	}
	return "";
}

/* The instruction at an address; under a probe's INT3, the original one. */
struct shown {
	u8 bytes[KPROBE_CODE_MAX];
	bool probed;
	struct insn insn;
};

/*
 * Read the instruction at @ip, of at most @avail bytes. Return: as
 * insn_decode().
 */
static int read_insn(struct shown *shown, unsigned long ip, unsigned long avail)
{
	const struct kprobe_point *point;

	avail = min(avail, (unsigned long)INSN_LEN_MAX);
	memset(shown, 0, sizeof(*shown));
	memcpy(shown->bytes, (const u8 *)ip, avail);
	preempt_disable();
	point = kprobe_find(ip);
	if (point && point->addr == ip) {
		shown->probed = READ_ONCE(point->list);
		if (shown->bytes[0] == INSN_OP_INT3 && point->arch.len)
			shown->bytes[0] = point->arch.bytes[0];
	}
	preempt_enable();
	return insn_decode(shown->bytes, (unsigned int)avail, &shown->insn);
}

/* Print the instruction at @ip. Return: as stage_printf(). */
static int print_insn(struct stage *stage, unsigned long ip,
		      const struct shown *shown)
{
	const struct insn *insn = &shown->insn;
	const char *branch = branch_name(insn), *name = plain_name(insn);
	const char *mark = shown->probed ? "probe" : "";
	unsigned long to;
	char hex[64];

	scnprintf(hex, sizeof(hex), "%*ph", insn->len, shown->bytes);
	if (branch) {
		to = insn_branch_target(insn, shown->bytes, ip);
		return stage_printf(stage, "%016lx  %-30s%s %016lx <%pS>%s%s\n",
				    ip, hex, branch, to, (void *)to,
				    *mark ? "  " : "", mark);
	}
	if (!*name && !*mark)
		return stage_printf(stage, "%016lx  %s\n", ip, hex);
	return stage_printf(stage, "%016lx  %-30s%s%s%s\n", ip, hex, name,
			    *name && *mark ? "  " : "", mark);
}

/* Print the instructions in [@ip, @end). Return: 0 or a write error. */
static int print_code(struct stage *stage, unsigned long ip, unsigned long end)
{
	struct shown shown;
	unsigned int n;
	int ret = 0;

	for (n = 0; n < INSTRUCTIONS && ip < end && !ret; n++) {
		if (read_insn(&shown, ip, end - ip))
			return stage_printf(stage,
					    "%016lx  %02x: not decoded\n", ip,
					    *(const u8 *)ip);
		ret = print_insn(stage, ip, &shown);
		ip += shown.insn.len;
		if (!ret && shell_interrupted())
			ret = -EPIPE;
	}
	return ret || ip >= end ? ret : stage_printf(stage, "...\n");
}

/*
 * The end of generated code that begins at @ip: memory of the pool behind an
 * allocation is filled with INT3.
 */
static unsigned long pool_end(unsigned long ip)
{
	unsigned long at = ip, last = ip;
	struct insn insn;

	while (at - ip < POOL_CODE_MAX && exec_pool_contains(at) &&
	       *(const u8 *)at != INSN_OP_INT3 &&
	       !insn_decode((const u8 *)at, INSN_LEN_MAX, &insn))
		last = at += insn.len;
	return last;
}

/*
 * Print the generated code at @ip to its end. A call in it shows the callback.
 * Return: 0, -ENOENT no code is there, or a write error.
 */
static int disas_generated(struct stage *stage, unsigned long ip)
{
	unsigned long off, size, end;
	const char *name = ftrace_trampoline_symbol(ip, &off, &size);
	int ret;

	end = name ? ip - off + size : pool_end(ip);
	if (end == ip) {
		shell_error("disas", "free memory of the pool", -ENOENT);
		return -ENOENT;
	}
	ret = stage_printf(stage, "%s, generated:\n", name ? name : "code");
	return ret ? ret : print_code(stage, ip, end);
}

/*
 * Print all generated code with the name @wanted, "ftrace_chain" for example.
 * Return: 0, -ENOENT there is none, or a write error.
 */
static int disas_named(struct stage *stage, const char *wanted)
{
	unsigned long at = (unsigned long)__exec_pool_start, off, size;
	const char *name;
	int ret = -ENOENT;

	while (at < (unsigned long)__exec_pool_end) {
		name = NULL;
		if (*(const u8 *)at != INSN_OP_INT3) /* not free memory */
			name = ftrace_trampoline_symbol(at, &off, &size);
		if (name && !strcmp(name, wanted)) {
			ret = disas_generated(stage, at);
			if (ret)
				return ret;
		}
		at += name ? size - off : 1;
	}
	return ret;
}

static int disas_address(struct stage *stage, unsigned long ip)
{
	unsigned long off, size;
	const char *name = kallsyms_lookup(ip, &off, &size);
	int ret;

	if (exec_pool_contains(ip))
		return disas_generated(stage, ip);
	if (!name || !text_region_of(ip)) {
		shell_error("disas", "no code is there", -EINVAL);
		return -EINVAL;
	}
	ret = stage_printf(stage, "%s+%#lx:\n", name, off);
	if (ret)
		return ret;
	/*
	 * The label at a static caller's call is a symbol, too; the code goes
	 * on behind it.
	 */
	ftrace_trampoline_symbol(ip, &off, &size);
	return print_code(stage, ip, ip - off + size);
}

static int disas_run(struct stage *stage)
{
	const char *name = stage->argv[stage->optind];
	unsigned long start, ip;
	u64 address;
	int ret;

	if (stage->argc != stage->optind + 1)
		return word_usage(stage);
	if (!strncmp(name, "0x", 2) && !kstrtoull(name, 16, &address))
		return disas_address(stage, address);
	start = kallsyms_lookup_name(name);
	if (!start) {
		ret = disas_named(stage, name);
		if (ret == -ENOENT)
			shell_error("disas", name, ret);
		return ret;
	}
	ip = ftrace_location(start);
	if (!ip) {
		ret = disas_address(stage, start);
		return ret ? ret :
			     stage_printf(stage, "(no site: compiled without, "
						 "or in assembly)\n");
	}
	ret = stage_printf(stage, "%s:\n", name);
	if (!ret)
		ret = word_show_site(stage, ip);
	return ret || !stage_option(stage, 'a') ? ret :
						  disas_address(stage, start);
}

SHELL_COMMAND(disas, .usage = "disas [-a] NAME | 0xADDR", .letters = "a",
	      .run = disas_run,
	      .help = "code now; of a function its site, -a: all");
