; SPDX-License-Identifier: MIT
;
; Every entry into the kernel except boot: 256 stubs, five kinds of entry.
;
; Owns: the trap frame, and the context words on entry and exit.
;
; EN1 trace_context is correct before anything traceable is called, and is
;    restored before the interrupted code continues.
; EN2 An NMI's registers go on its own IST stack, and its handler executes no
;    IRET before its last instruction, so NMIs do not nest. #BP returns without
;    IRET because it may come inside an NMI.
; EN3 rbp is odd from the save on: (address of the pt_regs) + 1. By this the
;    stack walker recognises a trap frame.
;
; The frame (struct pt_regs; offsets by name, PT_*), after save_regs:
;
;	PT_SS		\
;	PT_SP		 |
;	PT_FLAGS	 | pushed by the CPU, which first aligns rsp to 16
;	PT_CS		 |
;	PT_IP		/
;	PT_ORIG_AX	low half: error code, 0 if the CPU pushes none;
;			high half: vector
;	PT_DI		first of the GPRS list
;	...
;	PT_R15	<- rsp	21 words = 168 bytes, so rsp is 8 off 16-byte alignment:
;			each entry but #BP pushes one more word before C
;
; GS is never swapped: there is no user mode; its base is always the kernel's.

%include "arch/x86_64/asm/linkage.inc"

section .text

extern exception_entry, int3_declined, irq_entry, nmi_entry
extern int3_owners_first, preempt_schedule_irq
extern int3_short
extern trace_context, context_word
extern sync_core_ack, sync_core_round, lapic_mmio
extern sync_core_traced
extern __tracepoint_sync_core_entry, __tracepoint_sync_core_exit

; ---- the one list of registers ----------------------------------------------

%define GPRS rdi, rsi, rdx, rcx, rax, r8, r9, r10, r11, \
	rbx, rbp, r12, r13, r14, r15

%macro clear_direction 0
	cld				; the C ABI requires DF clear
%endmacro

; save_regs: rsp at PT_ORIG_AX -> rsp at the pt_regs, rbp marked (EN3)
%macro save_regs 0
	push_list GPRS
	clear_direction
	lea rbp, [rsp + 1]
%endmacro

; restore_regs: rsp at the pt_regs -> rsp at PT_ORIG_AX
%macro restore_regs 0
	pop_list GPRS
%endmacro

; return_by_iret: rsp at the pt_regs; returns to the interrupted code
%macro return_by_iret 0
	restore_regs
	add rsp, PT_IP - PT_ORIG_AX	; rsp at the CPU's five words
	iretq
%endmacro

; The word between the pt_regs and a call into C. If the entry changes the
; context, its lower half is the old one, its upper half the flags that changed.
%define FRAME_CONTEXT	rsp
%define FRAME_FLAGS	rsp + 4
%define FRAME_REGS	rsp + 8

; enter_context CTX: pushes the old context, sets the new one (EN1) and its flag
; in place of that of the old one in context_word (CW2). An NMI between these
; instructions changes the flags that it finds, and changes them back.
; An exchange with memory is a full barrier: the handler reads nothing before
; other CPUs can see the context (cpu_is_quiet(), kernel/quiesce.c).
%macro enter_context 1
	mov eax, %1
	xchg eax, [gs:trace_context]
	push rax			; FRAME_CONTEXT
	mov eax, [gs:context_word]
	and eax, CONTEXT_NMI | CONTEXT_HARDIRQ
  %if %1 == CTX_NMI
	xor eax, CONTEXT_NMI
  %elif %1 == CTX_IRQ
	xor eax, CONTEXT_HARDIRQ
  %endif
	mov [FRAME_FLAGS], eax
	xor [gs:context_word], rax
%endmacro

; leave_context: restores what the entry has changed
%macro leave_context 0
	mov eax, [FRAME_FLAGS]
	xor [gs:context_word], rax
	mov eax, [FRAME_CONTEXT]
	mov [gs:trace_context], eax
%endmacro

; ---- stubs ------------------------------------------------------------------

VECTOR_NMI	equ 2
VECTOR_BP	equ 3
NR_EXCEPTIONS	equ 32
VECTOR_HALF	equ 4			; high half of PT_ORIG_AX, in bytes

; Exceptions for which the CPU pushes an error code.
%define HAS_ERROR(v) ((v) == 8 || ((v) >= 10 && (v) <= 14) || (v) == 17 || \
	(v) == 21 || (v) == 29 || (v) == 30)

; IN	the CPU's frame, with or without an error code
; OUT	rsp at a complete PT_ORIG_AX; for #BP at PT_IP
; Each stub is ENTRY_STUB_SIZE = 16 bytes; idt.c relies on it.
	align 16
global entry_stubs:function (entry_stubs.end - entry_stubs)
entry_stubs:
%assign vector 0
%rep 256
  %if !HAS_ERROR(vector) && vector != VECTOR_BP
	push 0
  %endif
  %if vector != VECTOR_BP
	mov dword [rsp + VECTOR_HALF], vector
  %endif
  %if vector == VECTOR_BP
	jmp int3_live
  %elif vector == VECTOR_NMI
	jmp nmi_common
  %elif vector < NR_EXCEPTIONS
	jmp exception_common
  %elif vector == VECTOR_SYNC_CORE
	jmp sync_core_common
  %else
	jmp irq_common
  %endif
	align 16
  %assign vector vector + 1
%endrep
%if $ - entry_stubs != 256 * 16
  %error a stub is longer than ENTRY_STUB_SIZE
%endif
endfunc entry_stubs

; ---- exceptions -------------------------------------------------------------

; IN	rsp at PT_ORIG_AX, the interrupted context
; OUT	regs as exception_entry() leaves them
; STACK	pt_regs, one word to align
func exception_common
	save_regs
	mov rdi, rsp
	push 0				; FRAME_CONTEXT: not changed, align
	call exception_entry		; rdi = regs
	add rsp, 8
	return_by_iret
endfunc exception_common

; #BP. A handler may emulate a CALL: it pushes a return address on the
; interrupted stack, which begins where the CPU's frame ends:
;
;	S = interrupted rsp, A = S & ~15
;	[A - 40, A)	the CPU's frame
;	[A - 48]	PT_ORIG_AX
;
; The return uses no IRET (EN2): ip and flags are written below T, the rsp to
; return with, then popped from there. An emulated CALL makes T = S - 8, so they
; reach down to S - 24 >= A - 24: into the frame's ss, sp and flags. The labels
; are for the stack walker, entry.h; an NMI on this way changes nothing below
; rsp, for it has a stack of its own, and nothing else comes.
;
; There are two ways. While a batch of the patch engine is live, the usual INT3
; is at one of its sites: it is resolved with no more saved than C may clobber,
; and without a pt_regs. What is written last, T, goes into the frame's ip at
; A - 40, below all of that.
;
; Any other INT3 gets a pt_regs. The CPU's frame is first copied down by five
; words, to [A - 80, A - 40), and the old one becomes a gap; so the registers
; that are still being popped are below all that is written.

; The registers that a C function may change.
%define CLOBBERED rdi, rsi, rdx, rcx, rax, r8, r9, r10, r11
%define BP_FRAME(reg)	rsp + 9 * 8 + PT_ %+ reg - PT_IP

; Below T.
RETURN_IP	equ 8
RETURN_FLAGS	equ 16

; IN	rsp at PT_IP, any interrupted context, including NMI
; OUT	resumed at the new ip, RF clear; or int3_common
; STACK	CLOBBERED, which leaves rsp aligned
func int3_live
	cmp byte [int3_short], 0	; set while a batch is live
	je int3_common
	push_list CLOBBERED
	mov rdi, [BP_FRAME(IP)]
	mov rsi, [BP_FRAME(SP)]
	clear_direction
	mov rax, [int3_owners_first + 8] ; the patch engine
	call [rax + OWNER_RESUMES]	; rdi = next, rsi = S; nothing traceable
	test rax, rax			; rax = ip, rdx = T
	jz .not_usual
.leaves:
	mov rcx, [BP_FRAME(FLAGS)]
	mov [rdx - RETURN_FLAGS], rcx
	mov [rdx - RETURN_IP], rax
	mov [BP_FRAME(IP)], rdx
.pops:
	pop_list CLOBBERED
	mov rsp, [rsp]			; rsp = T
.returns:
	sub rsp, RETURN_FLAGS
	popfq				; interrupts may come from here on
	ret				; rsp = T
.not_usual:
	pop_list CLOBBERED
	jmp int3_common
endfunc int3_live

; IN	rsp at PT_IP, any interrupted context, including NMI
; OUT	regs as the handler leaves them, RF clear
; STACK	gap, pt_regs
func int3_common
	times 5 push qword [rsp + PT_SS - PT_IP]
	push qword [bp_orig_ax]
	save_regs			; leaves rsp aligned
	mov rdi, rsp
	mov rax, [int3_owners_first]	; probes
	call [rax + OWNER_CLAIMS]	; rdi = regs; nothing traceable ran yet
	test eax, eax
	jnz .resume
	mov rdi, rsp
	call int3_declined		; returns only if an owner claims it
.resume:
	mov rax, [rsp + PT_SP]		; T
	mov rcx, [rsp + PT_FLAGS]
	mov [rax - RETURN_FLAGS], rcx
	mov rcx, [rsp + PT_IP]
	mov [rax - RETURN_IP], rcx
	restore_regs			; rsp at PT_ORIG_AX
	mov rsp, [rsp + PT_SP - PT_ORIG_AX]	; rsp = T
.returns:
	sub rsp, RETURN_FLAGS
	popfq				; interrupts may come from here on
	ret				; rsp = T
endfunc int3_common

global int3_live.leaves, int3_live.pops, int3_live.returns
global int3_common.resume, int3_common.returns

section .rodata
bp_orig_ax: dq VECTOR_BP << (8 * VECTOR_HALF)	; error code 0
section .text

; ---- NMI --------------------------------------------------------------------

; IN	IST stack, rsp at PT_ORIG_AX, any context
; STACK	pt_regs, old context
func nmi_common
	save_regs
	mov rdi, rsp
	enter_context CTX_NMI		; EN1
	call nmi_entry			; rdi = regs
	leave_context
	add rsp, 8
	return_by_iret			; the one IRET of an NMI (EN2)
endfunc nmi_common

; ---- interrupts -------------------------------------------------------------

; IN	rsp at PT_ORIG_AX, interrupts off
; STACK	pt_regs, old context
func irq_common
	save_regs
	mov rdi, rsp
	enter_context CTX_IRQ		; EN1
	call irq_entry			; rdi = regs; end of interrupt is done
	leave_context
	; Preempt a task only: need_resched, count 0, no flag of a context.
	cmp dword [gs:context_word], CONTEXT_NEED_RESCHED
	jne .leave
	test dword [FRAME_REGS + PT_FLAGS], X86_EFLAGS_IF
	jz .leave			; (clear in an exception's handler)
	call preempt_schedule_irq	; other tasks run; it returns, maybe on
					; another CPU, with interrupts off
.leave:
	add rsp, 8
	return_by_iret
endfunc irq_common

; ---- synchronising all CPUs for patched code ---------------------------------

; The answer to sync_core_all(). It serialises first, by an IRET to the next
; line, and only then answers: an NMI between the two also finds the new code. A
; maskable interrupt never comes inside an NMI, so the IRET is allowed (EN2).
;
; C	void sync_core_answer(void), interrupts off
; CLOBBERS rax rcx rdx rsi
; STACK	an IRET frame for a moment
func sync_core_answer
	mov rsi, [sync_core_round]	; the round to be answered
	mov rdx, rsp
	mov eax, ss
	push rax			; ss
	push rdx			; rsp
	pushfq
	push KERNEL_CS
	lea rax, [.serialised]
	push rax
	iretq				; discards all that was fetched before
.serialised:
	rdtsc
	shl rdx, 32
	or rax, rdx
	mov [gs:sync_core_ack + SYNC_ACK_TSC], rax
	mov [gs:sync_core_ack + SYNC_ACK_ROUND], rsi	; after the time
	mov rax, [lapic_mmio]
	test rax, rax
	jz .x2apic
	mov dword [rax + APIC_EOI], 0
	ret
.x2apic:
	mov ecx, MSR_X2APIC_EOI
	xor eax, eax
	xor edx, edx
	wrmsr
	ret
endfunc sync_core_answer

; While neither of its events has a probe, this interrupt calls no C and leaves
; the context unchanged. It looks for probes and tests no static key: the site
; of a key may hold an INT3 of the batch that waits for this answer.
;
; IN	rsp at PT_ORIG_AX, interrupts off
; STACK	SYNC_SAVED and a return address; if traced: pt_regs, old context
%define SYNC_SAVED rax, rcx, rdx, rsi

func sync_core_common
	push_list SYNC_SAVED
	mov rax, [__tracepoint_sync_core_entry + TRACEPOINT_FUNCS]
	or rax, [__tracepoint_sync_core_exit + TRACEPOINT_FUNCS]
	jnz .traced
	call sync_core_answer
	pop_list SYNC_SAVED
	add rsp, PT_IP - PT_ORIG_AX
	iretq
.traced:
	pop_list SYNC_SAVED		; rsp at PT_ORIG_AX
	save_regs
	enter_context CTX_IRQ		; EN1
	call sync_core_traced		; calls sync_core_answer
	leave_context
	add rsp, 8
	return_by_iret
endfunc sync_core_common

; The end of the entry code, for the stack walker; entry_stubs is its start.
global entry_code_end
entry_code_end:
