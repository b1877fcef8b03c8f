// SPDX-License-Identifier: MIT
/*
 * harness.c - the kernel's hot paths as a user program, timed on the processor.
 *
 * It is linked in front of objects of the kernel (../cycles.py), so where a
 * name is defined twice, the one here counts: memory comes from one large
 * area, locks are nothing, and a registration only notes the ops. All else is
 * the kernel's own code: trampolines made by ftrace_tramp_emit(), callbacks,
 * rings. GS is 0 in a user program, so per-CPU variables are CPU 0's; the
 * image lies in the low 2 GiB, so addresses of 32 bits reach all of it.
 *
 * Rows are ticks of the TSC per call above a call of a NOP, the least of many
 * stretches: the least is what no interrupt and no other task has disturbed.
 */
#include "tests/bench/cycles/cycles.h"

#include "arch/x86_64/patch/insn.h"
#include "kernel/base/page.h"
#include "kernel/lib/list.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"
#include "kernel/sched.h"
#include "kernel/smp.h"
#include "trace/trace_internal.h"
#include <asm/layout.h>
#include <asm/tsc.h>

DECLARE_PER_CPU(struct ring_buffer_per_cpu *, trace_top_ring);

#define PAGES 64	   /* of the ring */
#define CODE  0x13000000UL /* where targets and trampolines lie */

DEFINE_TABLE(struct cycle_group, cycle_groups);

/* ---- the host ------------------------------------------------------------ */

static long host(long number, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "0"(number), "D"(a), "S"(b), "d"(c), "r"(r10),
			   "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return ret;
}

static void say(const char *text)
{
	host(1, 1, (long)text, strlen(text), 0, 0, 0);
}

__noreturn void leave(const char *why)
{
	say(why);
	host(231, *why ? 1 : 0, 0, 0, 0, 0, 0);
	__builtin_unreachable();
}

void must(const char *what, long err)
{
	char text[120];

	if (!err)
		return;
	snprintf(text, sizeof(text), "%s: %ld\n", what, err);
	leave(text);
}

/* Fresh memory of all rights below 2 GiB; @at: there, or 0. */
static void *area(unsigned long where, size_t size)
{
	/* ANON PRIVATE, and FIXED_NOREPLACE or 32BIT */
	long at = host(9, where, size, 7, where ? 0x100022 : 0x62, -1, 0);

	if (at < 0)
		leave("no memory\n");
	return (void *)at;
}

/* ---- what the kernel's own would do -------------------------------------- */

static char *heap, *heap_end;

static void *take(size_t size, size_t align)
{
	char *at = (char *)ALIGN_UP((unsigned long)heap, align);

	if (at + size > heap_end)
		leave("the area is too small\n");
	heap = at + size;
	return at;
}

void *kmalloc(size_t size)
{
	return take(size, 64);
}

void *kzalloc(size_t size)
{
	return take(size, 64);
}

void *kcalloc(size_t n, size_t size)
{
	return take(n * size, 64);
}

/* What lies behind an old object is the area's, too. */
void *krealloc(void *ptr, size_t size)
{
	void *more = take(size, 64);

	return ptr ? memcpy(more, ptr, size) : more;
}

void kfree(const void *ptr)
{
}

void *alloc_pages(unsigned int order)
{
	return take(PAGE_SIZE << order, PAGE_SIZE);
}

void *alloc_pages_zeroed(unsigned int order)
{
	return take(PAGE_SIZE << order, PAGE_SIZE);
}

unsigned int page_order(size_t size)
{
	unsigned int order = 0;

	while (PAGE_SIZE << order < size)
		order++;
	return order;
}

void free_pages(void *ptr, unsigned int order)
{
}

static struct ftrace_ops *noted;

int register_ftrace_function(struct ftrace_ops *ops)
{
	noted = ops;
	return 0;
}

int unregister_ftrace_function(struct ftrace_ops *ops)
{
	return 0;
}

bool ftrace_may_request(void)
{
	return true;
}

static struct task_struct task;
struct list_head task_list = LIST_HEAD_INIT(task_list);
spinlock_t task_list_lock;

struct task_struct *sched_idle_task(unsigned int cpu)
{
	return NULL;
}

void preempt_schedule(void)
{
}

/* One thread, and no interrupt that it could hold off. */
void mutex_lock(struct mutex *mutex)
{
}

void mutex_unlock(struct mutex *mutex)
{
}

void mutex_lock_notrace(struct mutex *mutex)
{
}

void mutex_unlock_notrace(struct mutex *mutex)
{
}

bool mutex_is_held(const struct mutex *mutex)
{
	return true;
}

unsigned long spin_lock_save(spinlock_t *lock)
{
	return 0;
}

void spin_unlock_irqrestore(spinlock_t *lock, unsigned long flags)
{
}

void synchronize_cpus(void)
{
}

void synchronize_tasks(void)
{
}

void bug_at(const char *file, int line, const char *what)
{
	leave(what);
}

/* ---- a row --------------------------------------------------------------- */

u8 *code;

code_t make_target(unsigned long call)
{
	u8 *at = code;
	u64 word = call ? insn_call((unsigned long)at, call) : INSN_NOP5;

	insn_store(at, word);
	at[INSN_MAX] = 0xc3;
	code += 64;
	return (code_t)at;
}

unsigned long make_chain(const struct ftrace_tramp_desc *desc)
{
	u8 *at = code;

	if (!ftrace_tramp_emit(desc, at, (unsigned long)at))
		leave("a trampoline does not reach\n");
	code += 4096;
	return (unsigned long)at + sizeof(struct ftrace_tramp_header);
}

unsigned long make_tramp(ftrace_func_t func, struct ftrace_ops *ops, bool guard)
{
	static struct {
		struct ftrace_tramp_desc desc;
		struct ftrace_tramp_call call;
	} one = { .desc = { .n = 1 } };

	one.desc.call[0] = (struct ftrace_tramp_call){ func, ops, guard };
	SET_GATE(one.desc, ops); /* cycles.py: not every commit has one */
	return make_chain(&one.desc);
}

static u64 stretch(code_t target)
{
	u64 start = rdtsc_ordered();

	for (int i = 0; i < CALLS; i++)
		target();
	return rdtsc_ordered() - start;
}

static u64 least(code_t target)
{
	u64 best = ~0ULL;

	for (int i = 0; i < STRETCHES; i++)
		best = min(best, stretch(target));
	return best;
}

static u64 nop;

void row(const char *name, code_t target)
{
	u64 above = least(target) - nop;
	char text[80];

	snprintf(text, sizeof(text), "%s\t%llu.%02llu\n", name, above / CALLS,
		 above % CALLS * 100 / CALLS);
	say(text);
}

/* ---- the rows ------------------------------------------------------------ */

/* A target that reads the TSC and returns: what each event does, too. */
static code_t make_rdtsc(void)
{
	static const u8 text[] = { 0x0f, 0x31, 0xc3 };
	u8 *at = code;

	memcpy(at, text, sizeof(text));
	code += 64;
	return (code_t)at;
}

struct ftrace_ops *registered(void)
{
	struct ftrace_ops *ops = noted;

	noted = NULL;
	return ops;
}

static void start(const char *name)
{
	const struct tracer *const *at;

	noted = NULL;
	for_each_entry(at, tracers)
	{
		if (!strcmp((*at)->name, name) && (*at)->init(&trace_top_array))
			leave("a tracer does not start\n");
	}
	if (!noted)
		leave("a tracer has no ops\n");
}

u64 events(void)
{
	return trace_top_array.buffer.cpu[0]->data.commit_entries;
}

static void tracer_rows(const char *name, unsigned int per_call, const char *on,
			const char *off)
{
	u64 before, calls = (u64)CALLS * STRETCHES;
	code_t target;

	start(name);
	target = make_target(make_tramp(noted->func, noted, false));
	trace_top_array.on = 1;
	before = events();
	row(on, target);
	if (events() - before != per_call * calls)
		leave("not each call has written its events\n");
	trace_top_array.on = 0;
	before = events();
	row(off, target);
	if (events() != before)
		leave("a call has written although tracing is off\n");
}

/* The top trace, without the files and events around it. */
static void make_trace(void)
{
	struct trace_array *tr = &trace_top_array;
	const struct tracer *const *at;

	if (ring_buffer_init(&tr->buffer, 1, PAGES, trace_clock_find("local")))
		leave("no rings\n");
	this_cpu_write(trace_top_ring, tr->buffer.cpu[0]);
	tr->clock = tr->buffer.clock;
	trace_options_init(tr);
	for_each_entry(at, tracers) if ((*at)->create)
		tr->tracer_data[at - tracers_first] = (*at)->create(tr);
}

__attribute__((used)) void run(void);
void run(void)
{
	const struct cycle_group *const *group;

	heap = area(0, 64UL << 20);
	heap_end = heap + (64UL << 20);
	code = area(CODE, 1UL << 20);
	/* PROT_ all: jumps in code are changed, as the kernel does. */
	must("mprotect", host(10, (long)_text,
			      ALIGN_UP(_etext - _text, PAGE_SIZE), 7, 0, 0, 0));
	tsc_mult = 1ULL << 31; /* near enough: 2 GHz */
	tsc_hz = 2000000000;
	list_add(&task.task_list, &task_list);
	this_cpu_write(current_task, &task);
	this_cpu_write(trace_context, CTX_TASK);
	make_trace();
	nop = least(make_target(0));
	row("calib.rdtsc", make_rdtsc());
	for_each_entry(group, cycle_groups)(*group)->run();
	tracer_rows("function", 1, "call.function_ring",
		    "call.function_tracing_off");
	tracer_rows("function_graph", 2, "call.graph_ring",
		    "call.graph_tracing_off");
	leave("");
}

__attribute__((naked, noreturn, used)) void cycles_start(void)
{
	__asm__("xor %ebp, %ebp\n"
		"call run\n");
}
