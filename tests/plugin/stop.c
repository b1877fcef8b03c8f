// SPDX-License-Identifier: MIT
/*
 * stop.c - a QEMU TCG plugin that ends QEMU before an instruction, as a power
 * cut would: nothing is flushed, no handler runs.
 *
 * Arguments: before=ADDRESS after=ADDRESS of two functions of the guest, and
 * at=N: the instruction to stop at, counted from the first call of the one at
 * ADDRESS before. On stderr it prints how often each was called. Right for one
 * CPU, or with -icount.
 *
 * QEMU's header is not packaged; what is declared here is its stable
 * interface, version 1.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
enum qemu_plugin_cb_flags { QEMU_PLUGIN_CB_NO_REGS };

__attribute__((visibility("default"))) int qemu_plugin_version = 1;

void qemu_plugin_register_vcpu_tb_trans_cb(
	qemu_plugin_id_t id,
	void (*cb)(qemu_plugin_id_t id, struct qemu_plugin_tb *tb));
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *
qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t i);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
void qemu_plugin_register_vcpu_insn_exec_cb(
	struct qemu_plugin_insn *insn, void (*cb)(unsigned int cpu, void *data),
	enum qemu_plugin_cb_flags flags, void *data);

static uint64_t address[2], calls[2], left;

static void executed(unsigned int cpu, void *data)
{
	uint64_t at = (uintptr_t)data;

	(void)cpu;
	if (!calls[0] && at != address[0])
		return;
	if (!left--) {
		fprintf(stderr,
			"stopped: %" PRIu64 " begun, %" PRIu64 " done\n",
			calls[0], calls[1]);
		fflush(stderr);
		_exit(0);
	}
	calls[0] += at == address[0];
	calls[1] += at == address[1];
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	size_t i, n = qemu_plugin_tb_n_insns(tb);

	(void)id;
	for (i = 0; i < n; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
		uint64_t at = qemu_plugin_insn_vaddr(insn);

		qemu_plugin_register_vcpu_insn_exec_cb(insn, executed,
						       QEMU_PLUGIN_CB_NO_REGS,
						       (void *)(uintptr_t)at);
	}
}

__attribute__((visibility("default"))) int
qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc,
		    char **argv)
{
	static const char *const names[] = { "before=", "after=", "at=" };
	uint64_t *const to[] = { &address[0], &address[1], &left };
	int i;

	(void)info;
	for (i = 0; i < 3; i++) {
		size_t n = strlen(names[i]);

		if (argc != 3 || strncmp(argv[i], names[i], n))
			return 1;
		*to[i] = strtoull(argv[i] + n, NULL, 0);
	}
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	return 0;
}
