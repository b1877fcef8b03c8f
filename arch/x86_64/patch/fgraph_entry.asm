; SPDX-License-Identifier: MIT
;
; The return address of every call that the graph tracer has hooked.
;
; void return_to_handler(void)
;	A traced function returns here instead of to its caller.
;
; IN	rax, rdx the function's return value; rsp just above the slot that
;	held this address
; OUT	rax what a callback left in ret->result, else as returned; all others
;	unchanged except rcx, rsi, rdi, r8-r11, which a function may clobber;
;	rip = the caller, rsp as after its call
; STACK	(offsets from rbp)
;
;	+8	the slot: holds this address again, so that an unwinder asks
;		for the true one; restored before the frame is popped
;	 0	the caller's rbp	<- rbp
;	-8	rax
;	-16	rdx			<- rsp, aligned to 16
;
; The handler leaves by a jump. The call of the traced function and its ret
; already form a pair in the CPU's return predictor. One more ret would make it
; mispredict the return of every caller above (8 ticks a call on an AMD EPYC).
;
; An interrupt between the function's ret and the first push may overwrite the
; slot, so the handler pushes it again.
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
	call [fgraph_return_handler]	; eax != 0: the slot is restored
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
	mov rdx, [rbp - 16]		; rdx of the traced function
	call ftrace_return_to_handler
	jmp .known
global return_to_handler_end
return_to_handler_end:
endfunc return_to_handler
