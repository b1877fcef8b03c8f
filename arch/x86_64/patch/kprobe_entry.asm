; SPDX-License-Identifier: MIT
;
; The trampoline of probes at sites: a site with such probes and no other
; subscriber calls it.
;
; void kprobe_site_caller(void)
;	Finds the site among the probed ones, and calls the handler of its
;	probe. It is written for a place with one probe, which has a pre
;	handler only: 65 instructions above the handler's. Everything else
;	goes to kprobe_site_general().
;
; IN	all registers as the traced function's caller left them;
;	[rsp] the address behind the site's CALL
; OUT	all registers as the handlers left them; rip = the address behind the
;	CALL, or the regs->ip that a handler has set
; STACK	the full frame of ftrace_frame.h, from the first push to the last pop,
;	as in ftrace_regs_caller; aligned to 16 at each call
;
; Preemption is off from before the probe is read (K5) until its handler has
; returned, so the same CPU takes the bit of the context and gives it back (K4).
;
; Not traceable, and takes no lock: any context, NMI included.

%include "arch/x86_64/asm/linkage.inc"

section .text

extern context_word, trace_context, preempt_schedule
extern kprobe_site_table, kprobe_busy, kprobe_contexts
extern kprobe_site_general

SITE_SIZE equ 5				; the CALL at the site

; Lists of registers in the order of pt_regs, from the highest address down.
%define FAST_REGS rdi, rsi, rdx, rcx, rax, r8, r9
%define MORE_REGS r10, r11, rbx, rbp, r12, r13, r14, r15

; rbx, r12 keep the way back over the handler; rbp stays the caller's, for the
; unwinder.
func kprobe_site_caller
	push 0				; FULL_DIRECT
	push KERNEL_DS			; PT_SS
	push rsp			; PT_SP: corrected below
	pushfq				; PT_FLAGS
	push KERNEL_CS			; PT_CS
	push qword [rsp + FULL_RET - PT_CS]	; PT_IP
	push 0				; PT_ORIG_AX: marks a full frame
	push_list FAST_REGS, MORE_REGS	; rsp at the pt_regs
	add qword [rsp + PT_SP], FULL_PARENT_IP - PT_SS
	add qword [gs:context_word], CONTEXT_LEVEL
	mov rax, [rsp + PT_IP]
	imul ecx, eax, KPROBE_SITE_HASH
	shr ecx, 32 - KPROBE_SITE_BITS
	mov rbx, [kprobe_site_table + rcx * 8]	; not NULL: ours is there
	cmp rax, [rbx + KPROBE_SITE_RET]
	jne .general			; another one of this bucket
	mov rdi, [rbx + KPROBE_SITE_ALONE]
	test rdi, rdi
	jz .general
	mov r12d, [gs:trace_context]
	test [gs:kprobe_busy], r12d
	jnz .general			; to be counted
	or [gs:kprobe_busy], r12d
	mov [gs:kprobe_contexts + r12 * 8], rdi
	sub qword [rsp + PT_IP], SITE_SIZE - 1	; as an INT3 would leave it
	mov rsi, rsp
	call [rdi + KPROBE_PRE_HANDLER]
	xor [gs:kprobe_busy], r12d
	test eax, eax
	jnz .redirected
	sub qword [gs:context_word], CONTEXT_LEVEL
	js .resched
.leave:
	pop_list FAST_REGS, MORE_REGS	; rsp at PT_ORIG_AX
	add rsp, PT_FLAGS - PT_ORIG_AX
	popfq				; rsp at PT_SP
	lea rsp, [rsp + FULL_RET - PT_SP]
	ret
.general:
	mov rdi, rsp
	call kprobe_site_general	; sets PT_IP
.redirected:
	mov rax, [rsp + PT_IP]
	mov [rsp + FULL_RET], rax
	sub qword [gs:context_word], CONTEXT_LEVEL
	jns .leave
.resched:
	call preempt_schedule
	jmp .leave
endfunc kprobe_site_caller

; For the unwinder.
global kprobe_site_caller_end
kprobe_site_caller_end:
