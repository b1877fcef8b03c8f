; SPDX-License-Identifier: MIT
;
; Where calls hooked by the graph tracer return to.
;
; void return_to_handler(void)
;	Returned to by a traced function, in place of its caller.
;
; IN	rax, rdx what the function returns; rsp just above the slot that
;	held this address
; OUT	all registers as they were but rcx, rsi, rdi, r8-r11, which a
;	function may clobber; rip = the caller, rsp as after its call
; STACK	(offsets from rbp)
;
;	+8	the slot: this address again, so that a walk of the stack
;		asks for the true one; put back before the frame is gone
;	 0	the caller's rbp	<- rbp
;	-8	rax
;	-16	rdx			<- rsp, aligned to 16
;
; The way out is a jump: the call of the traced function and its ret were a
; pair for the CPU's return predictor already, so one more ret would spoil its
; guess for every caller above (8 ticks a call on an AMD EPYC).
;
; Between the function's ret and the first push an interrupt may have
; overwritten the slot; so it is pushed anew.
;
; Not traceable, and takes no lock: any context, NMI included.

%include "arch/x86_64/asm/linkage.inc"

section .text

extern fgraph_return_handler
extern ftrace_return_to_handler

func return_to_handler
	push qword return_to_handler	; the slot
	push rbp
	mov rbp, rsp
	push rax
	push rdx
	lea rdi, [rbp + 8]		; retp
	call [fgraph_return_handler]	; eax != 0: the slot is as it was
	test eax, eax
	jz .general
.known:
	pop rdx
	pop rax
	pop rbp
	pop rcx				; the caller
	jmp rcx				; stacktrace.c knows these two
.general:
	lea rdi, [rbp + 8]		; retp
	mov rsi, [rbp - 8]		; rax and
	mov rdx, [rbp - 16]		; rdx as they were
	call ftrace_return_to_handler
	jmp .known
global return_to_handler_end
return_to_handler_end:
endfunc return_to_handler
