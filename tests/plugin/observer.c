// SPDX-License-Identifier: MIT
/*
 * observer.c - a QEMU TCG plugin that sees each instruction executed at one
 * address: an outside judge of the patch engine, which cannot be fooled by a
 * mistake that the kernel's own counters share.
 *
 * Arguments: site=ADDR, first=ADDR, second=ADDR (hexadecimal). At exit it
 * prints a line "observer: nop=N first=N second=N int3=N torn=N" to stderr.
 * Torn is every other instruction there, and every entry into the middle.
 *
 * QEMU's header is not packaged; what is declared here is its stable
 * interface, version 1.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
enum qemu_plugin_cb_flags { QEMU_PLUGIN_CB_NO_REGS };
typedef void (*insn_cb)(unsigned int vcpu, void *udata);

__attribute__((visibility("default"))) int qemu_plugin_version = 1;

void qemu_plugin_register_vcpu_tb_trans_cb(
	qemu_plugin_id_t id,
	void (*cb)(qemu_plugin_id_t id, struct qemu_plugin_tb *tb));
void qemu_plugin_register_atexit_cb(qemu_plugin_id_t id,
				    void (*cb)(qemu_plugin_id_t id, void *arg),
				    void *arg);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *
qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t i);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn,
					    insn_cb cb,
					    enum qemu_plugin_cb_flags flags,
					    void *udata);

#define SITE_SIZE 5

enum { NOP, FIRST, SECOND, INT3, TORN, KINDS };

static uint64_t site, target[KINDS];
static _Atomic uint64_t count[KINDS];

/* What is to be executed at the site, by the bytes QEMU translates. */
static int kind_of(const uint8_t *bytes, size_t size)
{
	static const uint8_t nop5[SITE_SIZE] = { 0x0f, 0x1f, 0x44, 0, 0 };
	int32_t disp;
	uint64_t to;

	if (size == 1 && bytes[0] == 0xcc)
		return INT3;
	if (size != SITE_SIZE)
		return TORN;
	if (!memcmp(bytes, nop5, SITE_SIZE))
		return NOP;
	memcpy(&disp, bytes + 1, sizeof(disp));
	to = site + SITE_SIZE + disp;
	if (bytes[0] == 0xe8 && to == target[FIRST])
		return FIRST;
	return bytes[0] == 0xe8 && to == target[SECOND] ? SECOND : TORN;
}

static void executed(unsigned int vcpu, void *kind)
{
	(void)vcpu;
	count[(intptr_t)kind]++;
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	size_t i, n = qemu_plugin_tb_n_insns(tb);

	(void)id;
	for (i = 0; i < n; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
		uint64_t at = qemu_plugin_insn_vaddr(insn);
		intptr_t kind = TORN;

		if (at < site || at >= site + SITE_SIZE)
			continue;
		if (at == site)
			kind = kind_of(qemu_plugin_insn_data(insn),
				       qemu_plugin_insn_size(insn));
		qemu_plugin_register_vcpu_insn_exec_cb(
			insn, executed, QEMU_PLUGIN_CB_NO_REGS, (void *)kind);
	}
}

static void at_exit(qemu_plugin_id_t id, void *unused)
{
	(void)id;
	(void)unused;
	fprintf(stderr,
		"observer: nop=%llu first=%llu second=%llu int3=%llu "
		"torn=%llu\n",
		(unsigned long long)count[NOP],
		(unsigned long long)count[FIRST],
		(unsigned long long)count[SECOND],
		(unsigned long long)count[INT3],
		(unsigned long long)count[TORN]);
}

__attribute__((visibility("default"))) int
qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc,
		    char **argv)
{
	int i;

	(void)info;
	for (i = 0; i < argc; i++) {
		const char *value = strchr(argv[i], '=');
		uint64_t addr = value ? strtoull(value + 1, NULL, 16) : 0;

		if (!strncmp(argv[i], "site=", 5))
			site = addr;
		else if (!strncmp(argv[i], "first=", 6))
			target[FIRST] = addr;
		else if (!strncmp(argv[i], "second=", 7))
			target[SECOND] = addr;
		else
			return 1;
	}
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	qemu_plugin_register_atexit_cb(id, at_exit, NULL);
	return site ? 0 : 1;
}
