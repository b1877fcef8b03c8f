// SPDX-License-Identifier: MIT
/*
 * Interrupts and NMIs: the C functions that entry.asm calls, and the handlers.
 *
 * Owns: the tables of device interrupt handlers and of NMI handlers.
 *
 * IR1 nmi_handler_unregister() empties the slot of the NMI table before it
 *    waits for the handler, so after its return no CPU runs it or will.
 *
 * Context: irq_entry() irq, nmi_entry() nmi; the headers say it for the others.
 */
#include "arch/x86_64/cpu/apic.h"
#include "arch/x86_64/cpu/entry.h"
#include "arch/x86_64/cpu/irq.h"
#include "arch/x86_64/cpu/irq_events.h"
#include "arch/x86_64/cpu/smp.h"
#include "kernel/base/panic.h"
#include "kernel/lib/errno.h"
#include <asm/atomic.h>
#include <asm/irqflags.h>
#include <asm/pt_regs.h>
#include <asm/smp.h>
#include <asm/tsc.h>
#include <asm/upcalls.h>

static irq_handler_t irq_handlers[NR_VECTORS];	       /* [A] */
static nmi_handler_t nmi_handlers[NMI_HANDLERS_MAX];   /* [A] */
static unsigned long unexpected_irqs, unexpected_nmis; /* [A] */

/* [C] odd while this CPU is in nmi_entry() */
static DEFINE_PER_CPU(u64, nmi_sequence);

static DEFINE_PER_CPU(u64, timer_ticks); /* [C] */

int irq_register(unsigned int vector, irq_handler_t fn)
{
	irq_handler_t nobody = NULL;

	if (vector != VECTOR_TEST &&
	    (vector < VECTOR_DEVICE_FIRST || vector > VECTOR_DEVICE_LAST))
		return -EINVAL;
	if (!fn)
		WRITE_ONCE(irq_handlers[vector], NULL);
	else if (!try_cmpxchg(&irq_handlers[vector], &nobody, fn))
		return -EBUSY;
	return 0;
}

unsigned long irq_unexpected(void)
{
	return READ_ONCE(unexpected_irqs);
}

unsigned long nmi_unexpected(void)
{
	return READ_ONCE(unexpected_nmis);
}

u64 irq_timer_ticks(unsigned int cpu)
{
	return READ_ONCE(per_cpu(timer_ticks, cpu));
}

static void device_irq(unsigned int vector, struct pt_regs *regs)
{
	irq_handler_t fn = READ_ONCE(irq_handlers[vector]);

	trace_irq_handler_entry(vector, fn);
	if (fn)
		fn(regs);
	else
		fetch_add(&unexpected_irqs, 1);
	trace_irq_handler_exit(vector, fn);
	apic_eoi();
}

/*
 * The only place that looks whether another CPU has asked (SC6). The request
 * stays until reschedule() drops it together with need_resched. No tracepoint
 * of the handler comes before it, so each event shows that a switch is due.
 */
static void take_request(void)
{
	if (this_cpu_read(resched_request))
		set_need_resched();
}

void irq_entry(struct pt_regs *regs)
{
	unsigned int vector = regs_vector(regs);

	irqs_tell_off();
	switch (vector) {
	case VECTOR_TIMER:
		trace_local_timer_entry(vector);
		apic_eoi();
		this_cpu_inc(timer_ticks);
		apic_timer_arm(timer_tick(regs));
		trace_local_timer_exit(vector);
		break;
	case VECTOR_RESCHEDULE: /* the exit path tests need_resched */
		take_request();
		trace_reschedule_entry(vector);
		apic_eoi();
		trace_reschedule_exit(vector);
		break;
	case VECTOR_CALL_FUNCTION:
		trace_call_function_entry(vector);
		apic_eoi();
		smp_call_function_interrupt();
		trace_call_function_exit(vector);
		break;
	case VECTOR_APIC_ERROR:
		trace_error_apic_entry(vector);
		apic_error_irq();
		apic_eoi();
		trace_error_apic_exit(vector);
		break;
	case VECTOR_SPURIOUS: /* not in service: it needs no EOI */
		trace_spurious_apic_entry(vector);
		fetch_add(&unexpected_irqs, 1);
		trace_spurious_apic_exit(vector);
		break;
	default:
		device_irq(vector, regs);
	}
	irqs_tell_on();
}

int nmi_handler_register(nmi_handler_t fn)
{
	for (int i = 0; i < NMI_HANDLERS_MAX; i++) {
		nmi_handler_t nobody = NULL;

		if (try_cmpxchg(&nmi_handlers[i], &nobody, fn))
			return 0;
	}
	return -ENOSPC;
}

void nmi_handler_unregister(nmi_handler_t fn)
{
	unsigned int cpu;

	for (int i = 0; i < NMI_HANDLERS_MAX; i++) {
		nmi_handler_t was = fn;

		if (try_cmpxchg(&nmi_handlers[i], &was, NULL))
			break;
	}
	/* IR1: the cmpxchg is a barrier; pairs with the one in nmi_entry(). */
	for_each_online_cpu(cpu) {
		u64 seen = READ_ONCE(per_cpu(nmi_sequence, cpu));

		if (seen % 2 == 0 || cpu == smp_processor_id())
			continue;
		if (!spin_until(READ_ONCE(per_cpu(nmi_sequence, cpu)) != seen,
				smp_timeout_ns))
			panic("CPU %u does not leave its NMI", cpu);
	}
}

void nmi_entry(struct pt_regs *regs)
{
	bool known = false;

	if (smp_stopping())
		smp_stop_this_cpu(regs);
	this_cpu_inc(nmi_sequence);
	smp_mb(); /* set it odd, then read the table; pairs with unregister */
	for (int i = 0; i < NMI_HANDLERS_MAX; i++) {
		nmi_handler_t fn = READ_ONCE(nmi_handlers[i]);

		if (fn && fn(regs))
			known = true;
	}
	if (!known)
		fetch_add(&unexpected_nmis, 1);
	smp_mb();
	this_cpu_inc(nmi_sequence);
}
