// SPDX-License-Identifier: MIT
/*
 * count.c - a QEMU TCG plugin that counts executed instructions where a test
 * can read them while the guest runs, and says whether the CPU is halted.
 *
 * Argument: out=FILE of 16 bytes: the count, and 1 while the CPU is halted. A
 * count is final only then: a reply that has arrived does not say that the
 * guest is done. Right for one CPU.
 *
 * QEMU's header is not packaged; what is declared here is its stable
 * interface, version 1.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
enum qemu_plugin_op { QEMU_PLUGIN_INLINE_ADD_U64 };

__attribute__((visibility("default"))) int qemu_plugin_version = 1;

void qemu_plugin_register_vcpu_tb_trans_cb(
	qemu_plugin_id_t id,
	void (*cb)(qemu_plugin_id_t id, struct qemu_plugin_tb *tb));
void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *tb,
					      enum qemu_plugin_op op, void *to,
					      uint64_t add);
void qemu_plugin_register_vcpu_idle_cb(qemu_plugin_id_t id,
				       void (*cb)(qemu_plugin_id_t id,
						  unsigned int vcpu));
void qemu_plugin_register_vcpu_resume_cb(qemu_plugin_id_t id,
					 void (*cb)(qemu_plugin_id_t id,
						    unsigned int vcpu));
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);

static struct {
	uint64_t count;
	uint64_t halted;
} * out;

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	(void)id;
	qemu_plugin_register_vcpu_tb_exec_inline(tb, QEMU_PLUGIN_INLINE_ADD_U64,
						 &out->count,
						 qemu_plugin_tb_n_insns(tb));
}

static void halts(qemu_plugin_id_t id, unsigned int vcpu)
{
	(void)id;
	(void)vcpu;
	__atomic_store_n(&out->halted, 1, __ATOMIC_RELEASE); /* the count */
}

static void goes_on(qemu_plugin_id_t id, unsigned int vcpu)
{
	(void)id;
	(void)vcpu;
	__atomic_store_n(&out->halted, 0, __ATOMIC_SEQ_CST);
}

__attribute__((visibility("default"))) int
qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc,
		    char **argv)
{
	int file;

	(void)info;
	if (argc != 1 || strncmp(argv[0], "out=", 4))
		return 1;
	file = open(argv[0] + 4, O_RDWR);
	out = mmap(NULL, sizeof(*out), PROT_READ | PROT_WRITE, MAP_SHARED, file,
		   0);
	if (file < 0 || out == MAP_FAILED)
		return 1;
	qemu_plugin_register_vcpu_idle_cb(id, halts);
	qemu_plugin_register_vcpu_resume_cb(id, goes_on);
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	return 0;
}
