// SPDX-License-Identifier: MIT
/*
 * shell_look.c - the shell's prompt loop, and the commands that inspect the
 * kernel: ps, dmesg and check.
 *
 * Owns completion: the first word of a stage is a command; a later word is a
 * path of the control tree or a function.
 */
#include "kernel/console_write.h"
#include "kernel/base/kallsyms.h"
#include "kernel/base/log_buffer.h"
#include "kernel/base/page.h"
#include "kernel/base/slab.h"
#include "kernel/console_input.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"
#include "kernel/mode.h"
#include "kernel/sched.h"
#include "trace/control/tracefs.h"
#include "trace/core/ftrace.h"
#include "trace/shell/shell.h"
#include "trace/shell/signal_events.h"

#define PS_MAX	   256
#define SEPARATORS " |<>;&" /* of words */

/* Copied under the lock, printed without it. */
struct ps_row {
	int pid;
	char comm[TASK_COMM_LEN];
	char state;
	unsigned int cpu;
	unsigned long asked, preempted, ms;
};

static char state_letter(const struct task_struct *task)
{
	if (task->on_cpu)
		return 'R';
	return task->state == TASK_RUNNING ? 'r' : 'S';
}

/* Return: the number of tasks; tasks beyond @max are only counted. */
static unsigned int copy_tasks(struct ps_row *row, unsigned int max)
{
	struct task_struct *task;
	unsigned long flags;
	unsigned int n = 0;

	spin_lock_irqsave(&task_list_lock, flags);
	for_each_task(task) {
		if (n++ >= max)
			continue;
		*row = (struct ps_row){
			.pid = task->pid,
			.state = state_letter(task),
			.cpu = task->cpu,
			.asked = task->nvcsw,
			.preempted = task->nivcsw,
			.ms = task->exec_ns / 1000000,
		};
		memcpy(row++->comm, task->comm, TASK_COMM_LEN);
	}
	spin_unlock_irqrestore(&task_list_lock, flags);
	return n;
}

static int ps_run(struct stage *stage)
{
	static struct ps_row rows[PS_MAX]; /* the shell is one task */
	unsigned int i, n = copy_tasks(rows, PS_MAX);
	int ret = stage_printf(
		stage, "  PID CPU S  SWITCHES PREEMPTED  TIME(ms) COMMAND\n");

	for (i = 0; i < min(n, (unsigned int)PS_MAX) && !ret; i++)
		ret = stage_printf(stage, "%5d %3u %c %9lu %9lu %9lu %s\n",
				   rows[i].pid, rows[i].cpu, rows[i].state,
				   rows[i].asked, rows[i].preempted, rows[i].ms,
				   rows[i].comm);
	if (n > PS_MAX && !ret)
		ret = stage_printf(stage, "... and %u more\n", n - PS_MAX);
	return ret;
}

SHELL_COMMAND(ps, .usage = "ps", .run = ps_run, .help = "all threads");

static int dmesg_run(struct stage *stage)
{
	static char text[SHELL_TEXT]; /* the shell is one task */
	u64 pos = 0;
	size_t n;
	int ret = 0;

	while (!ret && (n = log_buffer_read(&pos, text, sizeof(text))))
		ret = stage_put(stage, text, n);
	return ret;
}

SHELL_COMMAND(dmesg, .usage = "dmesg", .run = dmesg_run,
	      .help = "the last lines of the kernel's log");

static int clear_run(struct stage *stage)
{
	return stage_put(stage, LINE_CLEAR, sizeof(LINE_CLEAR) - 1);
}

SHELL_COMMAND(clear, .usage = "clear", .run = clear_run,
	      .help = "clear the screen, as ^L does");

/* Check that the bytes of every site serve exactly its subscribers. I7 */
static int check_run(struct stage *stage)
{
	size_t differ = ftrace_check();
	const char *pages = page_check();
	int ret;

	ret = stage_printf(stage, "%zu sites, %zu differ%s\n",
			   ftrace_rec_count(), differ,
			   ftrace_is_dead() ? "; ftrace is dead" : "");
	if (!ret)
		ret = stage_printf(stage, "%zu pages free, %s\n",
				   page_free_count(),
				   pages ? pages : "lists sound");
	return ret ? ret : differ || pages ? -EIO : 0;
}

SHELL_COMMAND(check, .usage = "check", .run = check_run,
	      .help = "compare every site with its subscribers");

static bool first_word(const char *line, unsigned int start)
{
	while (start && line[start - 1] == ' ')
		start--;
	return !start || strchr("|;&", line[start - 1]);
}

/* Return: the next path in the directory of the incomplete @word, or NULL. */
static const char *path_candidate(const char *word, u64 *cursor)
{
	static char path[TRACEFS_PATH_MAX * 2];
	static struct tracefs_dirent entry;
	size_t len = strcspn(word, SEPARATORS);

	while (len && word[len - 1] != '/')
		len--;
	if (len >= TRACEFS_PATH_MAX)
		return NULL;
	memcpy(path, word, len);
	path[len ? len - 1 : 0] = '\0';
	if (tracefs_readdir(shell_path(path), cursor, &entry) <= 0)
		return NULL;
	snprintf(path, sizeof(path), "%.*s%s", (int)len, word, entry.name);
	return path;
}

/*
 * Does a path stand at line[start]? It does behind < and >, and for commands
 * whose operands are paths; else it is a function.
 */
static bool wants_path(const char *line, unsigned int start)
{
	const struct command *command;
	unsigned int at = start;
	char name[16];

	while (at && line[at - 1] == ' ')
		at--;
	if (at && strchr("<>", line[at - 1]))
		return true;
	while (at && !strchr("|;&", line[at - 1]))
		at--;
	at += strspn(line + at, " ");
	strscpy(name, line + at,
		min(sizeof(name), strcspn(line + at, SEPARATORS) + 1));
	command = shell_command(name);
	return !command || command->paths;
}

/* Candidates: commands; or paths; or all functions. */
static const char *candidate(void *ctx, const char *line, unsigned int start,
			     unsigned int n)
{
	static u64 cursor;		  /* after the last path returned */
	static char buf[FTRACE_NAME_MAX]; /* returned */

	(void)ctx;
	if (first_word(line, start))
		return n < table_size(shell_commands) ?
			       shell_commands_first[n]->name :
			       NULL;
	if (!wants_path(line, start))
		return n < ftrace_rec_count() ?
			       ftrace_rec_name(ftrace_rec(n), buf) :
			       NULL;
	if (!n)
		cursor = 0;
	return path_candidate(line + start, &cursor);
}

static void terminal_out(void *ctx, const char *text, size_t len)
{
	(void)ctx;
	console_write(text, len);
}

/* Report typed or pasted bytes that the full input buffer dropped. */
static void tell_dropped(void)
{
	u32 n = console_input_dropped();
	char text[64];

	if (n)
		console_write(text, scnprintf(text, sizeof(text),
					      "shell: %u bytes typed ahead "
					      "were lost\n",
					      n));
}

/* The prompt loop; returns when the user types `exit`. */
static int shell_main(void *unused)
{
	static const char welcome[] =
		"`help` lists the commands, `exit` stops the machine.\n";
	static struct line_editor editor;

	(void)unused;
	editor.prompt = "nop5# ";
	editor.out = terminal_out;
	editor.candidate = candidate;
	editor.separators = SEPARATORS;
	console_input_init();
	console_write(welcome, sizeof(welcome) - 1);
	while (!shell_leaving()) {
		enum line_event event = LINE_MORE;

		line_begin(&editor);
		while (event == LINE_MORE)
			event = line_feed(&editor, console_getc());
		if (event == LINE_DONE)
			shell_run_line(editor.line);
		if (console_break_take()) { /* typed during the command */
			trace_signal_generate(SIGINT, current);
			console_write("^C\n", 3);
			line_drop_paste(&editor);
		}
		tell_dropped();
	}
	return 0;
}

/* Run the shell as its own thread, so that `ps` and traces name it. */
static int shell_run(void)
{
	struct task_struct *shell = kthread_run(shell_main, NULL, "shell");

	return IS_ERR(shell) ? PTR_ERR(shell) : kthread_join(shell);
}

KERNEL_MODE(shell, shell_run, "a shell on the serial line");
