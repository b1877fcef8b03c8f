// SPDX-License-Identifier: MIT
/*
 * nop5fs.c - mounts the control tree of a guest
 *
 *	nop5fs [--with-parent] [--patience SECONDS] [--forks SOURCE] SOCKET
 *		MOUNTPOINT
 *
 * It begins a session with the guest's file server, mounts, and says so on
 * stdout: "mounted, 4 CPUs, build IDENTITY", and behind it whether it cannot
 * tell the guest of forks on this host. If the guest dies it says why on
 * stdout: "dead: REASON", and answers every call by -EIO from then on, until it
 * is ended by SIGTERM: then it unmounts. With --with-parent the end of its
 * parent is such a signal. A guest that does not answer for so many seconds
 * (60) is dead. SOURCE of forks is connector, perf or none, for tests; else
 * it is the first one that works.
 *
 * Status: 0 ended by a signal, or unmounted by umount; 1 it could not begin,
 * with one sentence on stderr.
 */
#define FUSE_USE_VERSION 34
#include <errno.h>
#include <fcntl.h>
#include <fuse_lowlevel.h>
#include <getopt.h>
#include <linux/fuse.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "tools/tracefs/forks.h"
#include "tools/tracefs/link.h"
#include "tools/tracefs/nodes.h"
#include "tools/tracefs/ops.h"

#define HELLO_SECONDS 120
/* Calls in the background (each close() is one) are not held back: else one
 * would come to the guest behind the calls that follow it. */
#define BACKGROUND 65535

static const char *fork_source; /* NULL: any */

/* fsname has the word that Linux's own tests look for in /proc/mounts. */
#define OPTIONS "fsname=nop5-tracefs,subtype=nop5,max_read=65536"

static void say(FILE *to, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vfprintf(to, fmt, args);
	va_end(args);
	fputc('\n', to);
	fflush(to);
}

static void init(void *data, struct fuse_conn_info *conn)
{
	conn->want |= conn->capable & FUSE_CAP_ATOMIC_O_TRUNC;
	conn->want &=
		~(unsigned int)(FUSE_CAP_SPLICE_READ | FUSE_CAP_SPLICE_WRITE |
				FUSE_CAP_SPLICE_MOVE);
	conn->max_write = WIRE_MAX_PAYLOAD;
	conn->max_read = WIRE_MAX_PAYLOAD;
	/* A page of trace_pipe_raw is read when it is asked for, by the task
	 * that asks: so a signal interrupts it. */
	conn->max_readahead = 0;
	conn->want &= ~(unsigned int)FUSE_CAP_ASYNC_READ;
	conn->max_background = BACKGROUND;
}

/* Our own sentence is enough. */
static void no_log(enum fuse_log_level level, const char *fmt, va_list args)
{
}

static struct fuse_session *open_session(void)
{
	static char *words[] = { "nop5fs", "-o", OPTIONS, NULL };
	struct fuse_args args = FUSE_ARGS_INIT(3, words);
	static struct fuse_lowlevel_ops ops = { .init = init };
	struct fuse_session *session;

	tree_ops_add(&ops);
	file_ops_add(&ops);
	session = fuse_session_new(&args, &ops, sizeof(ops), NULL);
	fuse_opt_free_args(&args);
	return session;
}

/* SIGTERM and its kin as a descriptor. ^C is for the command at the terminal.
 */
static int open_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* Does its caller wait for it? If not, forks may have come after it. */
static bool is_waited_for(const struct fuse_buf *buf)
{
	const struct fuse_in_header *head = buf->mem;

	switch (head->opcode) {
	case FUSE_RELEASE:
	case FUSE_RELEASEDIR:
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
	case FUSE_INTERRUPT:
		return false;
	default:
		return true;
	}
}

static void serve_fuse(struct fuse_session *session, struct fuse_buf *buf)
{
	int ret = fuse_session_receive_buf(session, buf);

	if (ret > 0 && is_waited_for(buf))
		forks_tell();
	if (ret > 0)
		fuse_session_process_buf(session, buf);
	else if (ret != -EINTR && ret != -EAGAIN)
		fuse_session_exit(session); /* unmounted */
}

/* Until a signal, or umount. */
static void loop(struct fuse_session *session, int signals)
{
	struct fuse_buf buf = { 0 };
	bool told = false, came;
	int timeout;

	while (!fuse_session_exited(session)) {
		struct pollfd wait[] = {
			{ .fd = forks_fd(), .events = POLLIN },
			{ .fd = fuse_session_fd(session), .events = POLLIN },
			{ .fd = signals, .events = POLLIN },
			{ .fd = link_fd(), .events = link_events() },
		};

		/* Events first: what was closed before one is seen then. */
		timeout = link_timeout();
		came = forks_look(&timeout);
		poll(wait, 4, timeout);
		if (wait[2].revents)
			break;
		if (wait[1].revents)
			serve_fuse(session, &buf);
		else
			forks_idle(came);
		link_work();
		if (link_ended() && !told) {
			say(stdout, "dead: %s", link_ended());
			told = true;
		}
	}
	free(buf.mem);
}

static int serve(struct fuse_session *session, const char *mountpoint,
		 const struct wire_hello *hello, int signals)
{
	int forks;

	if (fuse_session_mount(session, mountpoint)) {
		say(stderr, "nop5fs: %s: cannot mount: %s", mountpoint,
		    strerror(errno));
		return 1;
	}
	/* A call that poll() has seen goes when its caller is killed. */
	fcntl(fuse_session_fd(session), F_SETFL, O_NONBLOCK);
	forks = forks_open(fork_source);
	say(stdout, "mounted, %u CPUs, build %s%s%s", hello->cpus, hello->build,
	    forks ? ", forks of this host are not told: " : "",
	    forks ? strerror(-forks) : "");
	loop(session, signals);
	forks_close();
	link_close();
	fuse_session_unmount(session);
	file_ops_end();
	return 0;
}

static int run(const char *path, const char *mountpoint, int signals)
{
	struct fuse_session *session;
	struct wire_hello hello;
	int ret = link_connect(path);

	if (ret) {
		say(stderr, "nop5fs: %s: %s", path, strerror(-ret));
		return 1;
	}
	ret = link_hello(&hello, HELLO_SECONDS);
	if (ret) {
		say(stderr, "nop5fs: %s: the guest's file server: %s", path,
		    strerror(-ret));
		return 1;
	}
	ops_init();
	nodes_init();
	fuse_set_log_func(no_log);
	session = open_session();
	ret = session ? serve(session, mountpoint, &hello, signals) : 1;
	if (session)
		fuse_session_destroy(session);
	nodes_free();
	return ret;
}

/* SIGTERM when the parent ends, whatever ends it. Return: is there one? */
static bool end_with_parent(void)
{
	pid_t parent = getppid();

	prctl(PR_SET_PDEATHSIG, SIGTERM);
	return getppid() == parent;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "with-parent", no_argument, NULL, 'w' },
		{ "patience", required_argument, NULL, 'p' },
		{ "forks", required_argument, NULL, 'f' },
		{ 0 },
	};
	int signals = open_signals(), option, patience = LINK_PATIENCE;
	bool wrong = false;

	while ((option = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		if (option == 'p')
			patience = atoi(optarg);
		else if (option == 'f')
			fork_source = optarg;
		else if (option != 'w')
			wrong = true;
		else if (!end_with_parent())
			return 1;
	}
	if (wrong || patience <= 0 || argc - optind != 2) {
		say(stderr, "usage: nop5fs [--with-parent] [--patience "
			    "SECONDS] [--forks SOURCE] SOCKET MOUNTPOINT");
		return 1;
	}
	link_set_patience(patience);
	return run(argv[optind], argv[optind + 1], signals);
}
