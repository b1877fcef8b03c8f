; SPDX-License-Identifier: MIT
;
; The static callers: a site without a trampoline of its own calls one of them.
;
; void ftrace_caller(void), void ftrace_regs_caller(void)
;	A site calls them as the first instruction of the traced function.
;
; IN	all registers as the traced function's caller left them;
;	[rsp] the address behind the site's CALL, [rsp + 8] the return
;	address into the caller
; OUT	all registers unchanged (the fast one clobbers flags, r10 and r11,
;	which carry nothing at a function's entry); rip = the ip in the
;	frame, or the frame's direct target with that ip on top of the stack
; STACK	the frames of ftrace_frame.h, below; aligned to 16 at the call
;
; Each makes one call, at the label ftrace_call or ftrace_regs_call.
; arch_ftrace_set_inner() re-pokes it while other CPUs execute it. The call
; passes the variable function_trace_op as ops. Generated trampolines have the
; same frames, but their ops are immediates (ftrace_tramp.c).
;
; Not traceable, and takes no lock: any context, NMI included.

%include "arch/x86_64/asm/linkage.inc"

section .text

extern function_trace_op, ftrace_stub

SITE_SIZE equ 5				; the CALL at the site

; Lists of registers in the order of pt_regs, from the highest address down.
%define FAST_REGS rdi, rsi, rdx, rcx, rax, r8, r9
%define MORE_REGS r10, r11, rbx, rbp, r12, r13, r14, r15

; Loads the callback's other three arguments; rcx already is the fourth, fregs.
;	%1 offset of ip from fregs
;	%2 offset of parent_ip from fregs
%macro callback_args 2
	mov rdi, [rcx + %1]
	sub rdi, SITE_SIZE		; ip = the site
	mov rsi, [rcx + %2]		; parent_ip
	mov rdx, [function_trace_op]	; ops
%endmacro

; The frame (struct ftrace_static_frame):
;
;	FREGS_PARENT_IP	return address of the traced function
;	FREGS_IP	the site's return address; a write to it redirects
;	FREGS_DI SI DX CX AX R8
;	FREGS_R9	fregs points here
;	direct <- rsp	0, or the direct target to leave to
func ftrace_caller
	push_list FAST_REGS
	push 0				; direct
	lea rcx, [rsp + STATIC_FREGS]	; fregs
	callback_args FREGS_IP, FREGS_PARENT_IP
global ftrace_call
ftrace_call:
	call ftrace_stub
	pop r11				; direct
	pop_list FAST_REGS		; rsp at FREGS_IP
	test r11, r11
	jnz .direct
	ret				; to ip
.direct:
	push r11
	ret				; to direct, with ip on top of the stack
endfunc ftrace_caller

; The frame (struct ftrace_full_frame):
;
;	FULL_PARENT_IP
;	FULL_RET	the site's return address
;	FULL_DIRECT	0, or the direct target to leave to
;	PT_SS PT_SP	PT_SP: rsp before the site's CALL
;	PT_FLAGS PT_CS
;	PT_IP		a copy of FULL_RET, written back on the way out
;	PT_ORIG_AX	0: marks a full frame
;	PT_DI .. PT_R9	fregs points at PT_R9
;	PT_R10 PT_R11 PT_BX PT_BP PT_R12 PT_R13 PT_R14
;	PT_R15 <- rsp
func ftrace_regs_caller
	push 0				; FULL_DIRECT
	push KERNEL_DS			; PT_SS
	push rsp			; PT_SP: corrected below
	pushfq				; PT_FLAGS; flags are free from here on
	push KERNEL_CS			; PT_CS
	push qword [rsp + FULL_RET - PT_CS]	; PT_IP
	push 0				; PT_ORIG_AX: marks a full frame
	push_list FAST_REGS, MORE_REGS
	add qword [rsp + PT_SP], FULL_PARENT_IP - PT_SS
	lea rcx, [rsp + PT_R9]		; fregs
	callback_args PT_IP - PT_R9, FULL_PARENT_IP - PT_R9
global ftrace_regs_call
ftrace_regs_call:
	call ftrace_stub
	cmp qword [rsp + FULL_DIRECT], 0
	jne .direct
	pop_list FAST_REGS, MORE_REGS	; rsp at PT_ORIG_AX
	add rsp, PT_IP - PT_ORIG_AX
	pop qword [rsp + FULL_RET - PT_CS]	; ip restored; rsp at PT_CS
	add rsp, PT_FLAGS - PT_CS
	popfq				; rsp at PT_SP; flags restored
	lea rsp, [rsp + FULL_RET - PT_SP]
	ret				; to ip
.direct:				; the same, but end at FULL_DIRECT
	pop_list FAST_REGS, MORE_REGS
	add rsp, PT_IP - PT_ORIG_AX
	pop qword [rsp + FULL_RET - PT_CS]
	add rsp, PT_FLAGS - PT_CS
	popfq
	lea rsp, [rsp + FULL_DIRECT - PT_SP]
	ret				; to direct, with ip on top of the stack
endfunc ftrace_regs_caller

; The end of the static callers, for the unwinder.
global ftrace_callers_end
ftrace_callers_end:
