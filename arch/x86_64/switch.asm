; SPDX-License-Identifier: MIT
; Stacks changed on purpose: from task to task, and back out of a function that
; has raised an expected exception. Declared in asm/switch.h.

%include "arch/x86_64/asm/linkage.inc"

section .text

; The callee-saved registers of the C ABI, in the order they are pushed.
%define CALLEE_SAVED rbp, rbx, r12, r13, r14, r15

%macro push_all 1-*
  %rep %0
	push %1
    %rotate 1
  %endrep
%endmacro

%macro pop_all 1-*
  %rep %0
    %rotate -1
	pop %1
  %endrep
%endmacro

; void switch_stack(unsigned long *save_sp, unsigned long load_sp)
; IN	rdi = where to save rsp, rsi = rsp to continue with
; OUT	everything callee-saved as it was when load_sp was saved
; STACK	struct switch_frame: r15 r14 r13 r12 rbx rbp, return address
func switch_stack
	push_all CALLEE_SAVED
	mov [rdi], rsp			; the old task can be continued
	mov rsp, rsi			; on the new task's stack
	pop_all CALLEE_SAVED
	ret				; where the new task called, or its entry
endfunc switch_stack

; int trap_catch_call(void (*fn)(void *), void *arg, unsigned long *resume_sp)
; IN	rdi = fn, rsi = arg, rdx = where to save the rsp to resume with
; OUT	eax = 0 fn returned, 1 resumed at trap_catch_resume
; STACK	flags r15 r14 r13 r12 rbx rbp, return address: 64 bytes, so that rsp
;	is 16-byte aligned at the call
func trap_catch_call
	push rbp
	mov rbp, rsp			; a frame for backtraces
	push_all rbx, r12, r13, r14, r15
	pushfq
	mov [rdx], rsp
	mov rax, rdi
	mov rdi, rsi
	call rax
	xor eax, eax			; returned
	jmp .leave

global trap_catch_resume
trap_catch_resume:			; rsp = *resume_sp, all else is lost
	mov eax, 1
trap_catch_call.leave:
	popfq				; interrupts as they were
	pop_all rbx, r12, r13, r14, r15
	pop rbp
	ret
endfunc trap_catch_call
