// SPDX-License-Identifier: MIT
/*
 * tracer_nodes.c - files that choose and control the tracer, and that show its
 * trace.
 */
#include "kernel/base/slab.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/sched.h"
#include "trace/control/error_log.h"
#include "trace/control/nodes.h"
#include "trace/trace.h"

#define STREAM_POLL_NS 5000000UL

static const char readme[] =
	"nop5's control tree has Linux's names, grammar and formats.\n"
	"\n"
	"  available_tracers     the tracers there are\n"
	"  current_tracer        read or choose one: function, function_graph\n"
	"  tracing_on            0 or 1: record events or not\n"
	"  trace                 all events in order of time; > empties it\n"
	"  trace_pipe            the same, each event once, waits for more\n"
	"                        until tracing_on is 0\n"
	"  snapshot              1: keep what is recorded so far; 0 frees it,\n"
	"                        2 empties it; per CPU too, and snapshot_raw\n"
	"  tracing_max_latency   irqsoff, wakeup: the longest so far, us\n"
	"  instances/            mkdir NAME makes another trace, whose files\n"
	"                        are its own; rmdir NAME removes it;\n"
	"                        last_boot_info: there, if it survives resets\n"
	"  trace_marker          write text into the trace\n"
	"  trace_clock           local, global, counter, x86-tsc, ...\n"
	"  trace_options         option on, nooption off\n"
	"  options/NAME          0 or 1: one of them\n"
	"  buffer_size_kb        size of the buffer of each CPU\n"
	"  buffer_total_size_kb  of all together\n"
	"  buffer_percent        how full a buffer ends a wait for pages\n"
	"  tracing_cpumask       hexadecimal: the CPUs that record\n"
	"\n"
	"  available_filter_functions           what can be traced\n"
	"  available_filter_functions_addrs     the same, and where\n"
	"  set_ftrace_filter     trace only these functions\n"
	"  set_ftrace_notrace    do not trace these functions\n"
	"      accepts: function names, globs: *abc abc* *abc* a*b a?b [ab]c,\n"
	"      numbers of lines in available_filter_functions\n"
	"      !name removes, !* selects nothing, an empty write selects all\n"
	"      > replaces, >> adds; in force when the file is closed\n"
	"      set_ftrace_filter: name:COMMAND[:count], at once, whenever the\n"
	"      function is called: traceon, traceoff, stacktrace, snapshot,\n"
	"      enable_event:system:event, disable_event:system:event;\n"
	"      name:dump, name:cpudump print the trace on the console;\n"
	"      !name:COMMAND[:0] removes it, without or with a count\n"
	"  set_ftrace_pid        trace only these tasks\n"
	"  set_ftrace_notrace_pid  do not trace these tasks; the option\n"
	"                        function-fork adds the tasks they start\n"
	"  enabled_functions     what is patched now, and what it calls\n"
	"  touched_functions     what was ever patched\n"
	"  dyn_ftrace_total_info how many functions there are\n"
	"\n"
	"  set_graph_function    function_graph: these and what they call\n"
	"  set_graph_notrace     function_graph: not these nor what they call\n"
	"  max_graph_depth       function_graph: levels, 0 is all\n"
	"  tracing_thresh        function_graph: only calls that take so\n"
	"                        many microseconds; 0 is all\n"
	"\n"
	"  function_profile_enabled\n"
	"                        1: count calls and their times; options\n"
	"                        graph-time, sleep-time, profile-time\n"
	"  trace_stat/functionN  the counts of each CPU\n"
	"\n"
	"  sample                period_us=N [cpus=MASK] [nmi=1]: count\n"
	"                        stacks, read as a;b;c count; 0 stops\n"
	"  stat                  up to 64 functions: their calls by task\n"
	"\n"
	"  stack_tracer_enabled  1: look for the deepest stack\n"
	"  ftrace_enabled        0: every function is as if none traced it\n"
	"      (on Linux these two are in /proc/sys/kernel)\n"
	"  stack_trace stack_max_size stack_trace_filter\n"
	"\n"
	"  kprobes/list          probes at instructions; kprobes/enabled: 0\n"
	"                        disarms all; kprobes/blacklist: not there\n"
	"      (on Linux these are in /sys/kernel/debug)\n"
	"  dynamic_events        Create/append/remove/show events made of\n"
	"                        probes, one a line; > removes all, >> adds\n"
	"  kprobe_events         the same, only p and r\n"
	"      p[:[<group>/][<event>]] <place> [<args>]\n"
	"      r[maxactive][:[<group>/][<event>]] <place> [<args>]\n"
	"      f[:[<group>/][<event>]] <func-name>[%return] [<args>]\n"
	"      f:<func-name> <parameter> [<args>] (not on Linux) the same\n"
	"          as f:<func-name> <func-name> <parameter> [<args>]\n"
	"      t[:[<group>/][<event>]] <tracepoint> [<args>]\n"
	"      -:[<group>/][<event>]          removes\n"
	"      place: [<module>:]<symbol>[+<offset>]|<memaddr>\n"
	"      place (kretprobe): [<module>:]<symbol>[+<offset>]%return\n"
	"          |<memaddr>; the offset is 0\n"
	"          (there are no modules: the symbols are the kernel's)\n"
	"      args: <name>=fetcharg[:type]\n"
	"      fetcharg: %<register>, $stack, $stack<index>, $retval, $comm,\n"
	"          $arg<N>, $arg*, <argname>[-><field>], @<address>,\n"
	"          @<symbol>[+|-<offset>], +|-<offset>(<fetcharg>),\n"
	"          \\imm-value, \\\"imm-string\"\n"
	"      kernel return probes support: $retval, $arg<N>, $comm\n"
	"      type: s8/16/32/64, u8/16/32/64, x8/16/32/64, char, symbol,\n"
	"          string, symstr, b<width>@<offset>/<container-size>,\n"
	"          <type>\\[<array-size>\\]\n"
	"  kprobe_profile        hits, and those missed, of p and r\n"
	"  per_cpu/cpuN/         trace, trace_pipe, trace_pipe_raw, stats,\n"
	"                        buffer_size_kb of one CPU\n"
	"  events/header_page, events/header_event, events/*/*/format, id\n"
	"                        how trace_pipe_raw is laid out\n"
	"      events/ftrace has the events that tracers write;\n"
	"      those that can be enabled: events/sched (tasks), irq,\n"
	"      irq_vectors, exceptions, timer, kmem, lock, signal (^C), and\n"
	"      patch: the patch engine, seen by its own events\n"
	"  events/*/*/enable     0 or 1; * while a trigger needs the event\n"
	"  events/*/enable, events/enable       all of them; X: they differ\n"
	"  available_events      what can be enabled\n"
	"  set_event             [!]system:event, system, event; * is any;\n"
	"                        > replaces, >> adds\n"
	"  set_event_pid         record events of these tasks only\n"
	"  set_event_notrace_pid not those of these tasks; the option\n"
	"                        event-fork adds the tasks they start\n"
	"  events/*/*/filter     record only events for which it is true:\n"
	"      field == != < <= > >= & number, field == != ~ \"text\",\n"
	"      && || ! ( ), CPUS{list}, field.function == name; 0 removes\n"
	"  events/*/filter       the same for all that have the fields\n"
	"  events/*/*/trigger    [!]COMMAND[:count] [if filter]: traceon,\n"
	"      traceoff, stacktrace, snapshot, enable_event:system:event,\n"
	"      disable_event:system:event, enable_hist, disable_hist,\n"
	"      hist:keys=field[,field][:vals=field][:sort=field][:size=n]\n"
	"      [:pause|:cont|:clear] counts the event by up to 3 keys;\n"
	"      field.hex .sym .sym-offset .log2 .buckets=n, .execname of\n"
	"      common_pid, .usecs of common_timestamp; common_cpu,\n"
	"      common_stacktrace; :clock=name, :nohitcount, a sort with\n"
	"      .descending; :name=name: events of a name count together\n"
	"  events/*/*/hist       what its histograms have counted\n"
	"  saved_cmdlines        pids and names; no new ones without the\n"
	"                        option record-cmd\n"
	"  saved_cmdlines_size   how many names there is room for\n"
	"  printk_formats        the formats of trace_printk() by address;\n"
	"                        the option trace_printk_dest gives a trace\n"
	"                        its prints\n"
	"  kallsyms              addresses and names (on Linux in /proc)\n"
	"  version               of this kernel (on Linux in /proc)\n"
	"  error_log             what was wrong with the last refused writes\n";

static int readme_show(struct tracefs_file *file, struct trace_seq *seq)
{
	trace_seq_puts(seq, readme);
	return 0;
}

/* In the order of their table, as on one line of Linux. */
static int tracers_show(struct tracefs_file *file, struct trace_seq *seq)
{
	const struct tracer *tracer;
	unsigned int i;

	for (i = 0; (tracer = trace_tracer(i)); i++) {
		if (i)
			trace_seq_putc(seq, ' ');
		trace_seq_puts(seq, tracer->name);
	}
	trace_seq_putc(seq, '\n');
	return 0;
}

static int current_show(struct tracefs_file *file, struct trace_seq *seq)
{
	trace_seq_printf(seq, "%s\n",
			 trace_current_tracer(file_trace(file))->name);
	return 0;
}

static ssize_t current_write(struct tracefs_file *file, const char *buf,
			     size_t len)
{
	char name[NODE_WORD];
	int ret = node_word(file, buf, len, name);

	if (ret)
		return ret;
	ret = trace_set_tracer(file_trace(file), name);
	file->error_text = ret == -EINVAL ? "no such tracer" : NULL;
	return ret ? ret : (ssize_t)len;
}

static int on_show(struct tracefs_file *file, struct trace_seq *seq)
{
	trace_seq_printf(seq, "%d\n", trace_is_on(file_trace(file)));
	return 0;
}

static ssize_t on_write(struct tracefs_file *file, const char *buf, size_t len)
{
	u64 n;
	int ret = node_number(file, buf, len, &n);

	if (ret)
		return ret;
	trace_set_on(file_trace(file), n);
	return len;
}

/* ---- trace, trace_pipe --------------------------------------------------- */

/* > empties the trace, also if nothing is written then. */
static int trace_file_open(struct tracefs_file *file)
{
	if (file->flags & TRACEFS_TRUNC)
		trace_reset(file_trace(file), node_cpu(file));
	if (!(file->flags & TRACEFS_READ))
		return 0;
	file->private = trace_open(file_trace(file), node_cpu(file));
	return IS_ERR(file->private) ? PTR_ERR(file->private) : 0;
}

/*
 * `trace` is not a stream: it ends, and a key does not stop it. Text taken from
 * the iterator cannot be put back, so take no more than there is room for.
 */
int trace_file_show(struct tracefs_file *file, struct trace_seq *seq)
{
	size_t room = seq->size - 1 - seq->len;
	ssize_t n;

	seq->overflow = !room;
	if (!room)
		return 1;
	n = trace_read(file->private, seq->buf + seq->len, room);
	if (n <= 0)
		return (int)n;
	seq->len += n;
	trace_seq_truncate(seq, seq->len);
	return 1;
}

/* Only the truncation at open has an effect, as on Linux. */
static ssize_t trace_file_write(struct tracefs_file *file, const char *buf,
				size_t len)
{
	return len;
}

int trace_file_release(struct tracefs_file *file)
{
	if (file->flags & TRACEFS_READ)
		trace_close(file->private);
	return 0;
}

static int pipe_open(struct tracefs_file *file)
{
	file->private = trace_pipe_open(file_trace(file), node_cpu(file));
	return IS_ERR(file->private) ? PTR_ERR(file->private) : 0;
}

ssize_t node_stream_read(struct tracefs_file *file, char *buf, size_t len,
			 ssize_t (*next)(struct tracefs_file *file, char *buf,
					 size_t len))
{
	ssize_t n;

	for (;;) {
		bool on = trace_is_on(
			file_trace(file)); /* read before the last next() */

		n = next(file, buf, len);
		if (n > 0)
			file->pos = 1;
		if (n == -EAGAIN && !on && file->pos)
			return 0;
		if (n != -EAGAIN || file->flags & TRACEFS_NONBLOCK)
			return n;
		sleep_ns(STREAM_POLL_NS);
	}
}

static ssize_t pipe_next(struct tracefs_file *file, char *buf, size_t len)
{
	return trace_read(file->private, buf, len);
}

static ssize_t pipe_read(struct tracefs_file *file, char *buf, size_t len)
{
	return node_stream_read(file, buf, len, pipe_next);
}

/* At its end a stream is readable, too: see node_stream_read(). */
bool node_stream_ended(const struct tracefs_file *file)
{
	return file->pos && !trace_is_on(file_trace(file));
}

static bool pipe_poll(struct tracefs_file *file)
{
	return node_stream_ended(file) || trace_readable(file->private);
}

static int pipe_release(struct tracefs_file *file)
{
	trace_close(file->private);
	return 0;
}

static ssize_t marker_write(struct tracefs_file *file, const char *buf,
			    size_t len)
{
	return trace_marker_write(file_trace(file), buf, len);
}

/* ---- clock, options, names, errors --------------------------------------- */

static int clock_show(struct tracefs_file *file, struct trace_seq *seq)
{
	trace_clock_show(file_trace(file), seq);
	return 0;
}

/* Accepts a clock, or the list that the file shows: the one in brackets. */
static ssize_t clock_write(struct tracefs_file *file, const char *buf,
			   size_t len)
{
	const char *open = memchr(buf, '[', len);
	const char *close = open ? memchr(open, ']', buf + len - open) : NULL;
	size_t from = close ? open + 1 - buf : 0;
	char name[NODE_WORD];
	int ret = node_word(file, buf + from,
			    close ? (size_t)(close - open) - 1 : len, name);

	file->error_at += from;
	if (ret)
		return ret;
	file->error_text = "no such clock";
	ret = trace_set_clock(file_trace(file), name);
	return ret ? ret : (ssize_t)len;
}

static int options_show(struct tracefs_file *file, struct trace_seq *seq)
{
	trace_options_show(file_trace(file), seq);
	return 0;
}

/*
 * Accepts one option a line, so that the text read can be written back. A write
 * without any is refused, as on Linux.
 */
static ssize_t options_write(struct tracefs_file *file, const char *buf,
			     size_t len)
{
	int ret = len ? -EINVAL : 0;
	size_t at = 0;

	file->error_text = "an option is needed";
	while (at < len) {
		size_t end = at;
		char name[NODE_WORD];

		while (end < len && buf[end] != '\n')
			end++;
		if (end > at) {
			ret = node_word(file, buf + at, end - at, name);
			file->error_at += at;
			if (ret)
				return ret;
			file->error_text = "no such option";
			ret = trace_set_option_text(file_trace(file), name);
			if (ret)
				return ret;
		}
		at = end + 1;
	}
	return ret ?: (ssize_t)len;
}

static int cmdlines_show(struct tracefs_file *file, struct trace_seq *seq)
{
	trace_saved_cmdlines_show(seq);
	return 0;
}

static int cmdlines_size_show(struct tracefs_file *file, struct trace_seq *seq)
{
	trace_seq_printf(seq, "%u\n", trace_saved_cmdlines_size());
	return 0;
}

static ssize_t cmdlines_size_write(struct tracefs_file *file, const char *buf,
				   size_t len)
{
	u64 n;
	int err = node_number(file, buf, len, &n);

	if (err)
		return err;
	file->error_text = "a number from 1 to 32768 is needed";
	if (!n || n > TRACE_CMDLINES_MAX)
		return -EINVAL;
	file->error_text = NULL;
	err = trace_set_saved_cmdlines_size(n);
	return err ?: (ssize_t)len;
}

static int errors_open(struct tracefs_file *file)
{
	if (file->flags & TRACEFS_TRUNC)
		error_log_clear(file_trace(file));
	return 0;
}

static int errors_show(struct tracefs_file *file, struct trace_seq *seq)
{
	error_log_show(file_trace(file), seq);
	return 0;
}

static const struct tracefs_node root_nodes[] = {
	{ .name = "README",
	  .mode = 0440,
	  .size = sizeof(readme) - 1,
	  .show = readme_show },
	{ .name = "saved_cmdlines", .mode = 0440, .show = cmdlines_show },
	{ .name = "saved_cmdlines_size",
	  .mode = 0640,
	  .show = cmdlines_size_show,
	  .write = cmdlines_size_write },
};
TRACEFS_FILES(10, root_dir, root_nodes);

static const struct tracefs_node tracer_nodes[] = {
	{ .name = "available_tracers", .mode = 0440, .show = tracers_show },
	{ .name = "current_tracer",
	  .mode = 0640,
	  .show = current_show,
	  .write = current_write },
	{ .name = "error_log",
	  .mode = 0640,
	  .open = errors_open,
	  .show = errors_show,
	  .write = trace_file_write },
	{ .name = "trace",
	  .mode = 0640,
	  .open = trace_file_open,
	  .show = trace_file_show,
	  .write = trace_file_write,
	  .release = trace_file_release },
	{ .name = "trace_clock",
	  .mode = 0640,
	  .show = clock_show,
	  .write = clock_write },
	{ .name = "trace_marker", .mode = 0220, .write = marker_write },
	{ .name = "trace_options",
	  .mode = 0640,
	  .show = options_show,
	  .write = options_write },
	{ .name = "trace_pipe",
	  .mode = 0440,
	  .open = pipe_open,
	  .read = pipe_read,
	  .poll = pipe_poll,
	  .release = pipe_release },
	{ .name = "tracing_on",
	  .mode = 0640,
	  .show = on_show,
	  .write = on_write },
};
TRACEFS_FILES(10, trace_dir, tracer_nodes);

static const struct tracefs_node cpu_tracer_nodes[] = {
	{ .name = "trace",
	  .mode = 0640,
	  .open = trace_file_open,
	  .show = trace_file_show,
	  .write = trace_file_write,
	  .release = trace_file_release },
	{ .name = "trace_pipe",
	  .mode = 0440,
	  .open = pipe_open,
	  .read = pipe_read,
	  .poll = pipe_poll,
	  .release = pipe_release },
};
TRACEFS_FILES(10, cpu_dir, cpu_tracer_nodes);
