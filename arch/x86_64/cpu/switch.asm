; SPDX-License-Identifier: MIT
; Stack switches: from task to task, and out of a function that has raised an
; expected exception. Declared in kernel/sched.h and asm/switch.h.

%include "arch/x86_64/asm/linkage.inc"
%include "asm-offsets.inc"

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

; struct task_struct *switch_to(struct task_struct *prev,
;				struct task_struct *next)
; IN	rdi = prev, rsi = next
; OUT	rax = rdi = the task that was switched out to let this one run; the
;	callee-saved registers have the values from when next switched out
; STACK	struct switch_frame: r15 r14 r13 r12 rbx rbp, return address
func switch_to
	push_all CALLEE_SAVED
	mov [rdi + TASK_SP], rsp	; prev is completely saved
	mov rsp, [rsi + TASK_SP]	; on next's stack
	pop_all CALLEE_SAVED
	mov rax, rdi
	ret				; to where next switched out, or entry
endfunc switch_to

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
