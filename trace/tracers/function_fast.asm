; SPDX-License-Identifier: MIT
;
; The function tracer's event in the top trace, in front of the trampoline's
; frame (struct ftrace_fast): function_call() for the common case, without a
; frame, arguments and a call. 54 instructions, of which 2 are the gate's.
;
; IN	all registers as the traced function's caller left them;
;	[rsp] the address behind the site's CALL, [rsp + 8] the return
;	address into the caller
; OUT	all registers but r10 and r11 unchanged; rip = the address behind the
;	CALL, or one of the two ways of struct ftrace_fast
; STACK	rax, rdx, and the flags for a moment
;
; This is data: the generator copies it into each trampoline that begins so.
; Nothing here is traceable or calls anything. Context: any, NMI included.

%include "arch/x86_64/asm/linkage.inc"
%include "trace/ring/ring_fast.inc"
%include "trace/tracers/entry-offsets.inc"

section .rodata

extern ftrace_aside

SITE_SIZE equ 5				; the CALL at the site

; The slots above what is pushed.
%define SITE_RET	rsp + 16
%define PARENT_IP	rsp + 24

global function_fast_code, function_fast_end
function_fast_code:
	cmp byte [gs:ftrace_aside], 0	; not for this task: the callback looks
	jne function_fast_end + FTRACE_FAST_LATE
	push rax
	push rdx
	ring_get
	function_reserve .refused, .undo
	ring_fill TRACE_FN
	mov rax, [SITE_RET]
	sub rax, SITE_SIZE
	mov [EVENT(ENTRY_IP)], rax
	mov rax, [PARENT_IP]
	mov [EVENT(ENTRY_PARENT_IP)], rax
	function_commit .rest
	ring_end .resched
.out:
	pop rdx
	pop rax
	ret
.undo:
	mov r10d, RB_EVENT_HEADER + ENTRY_SIZE
	jmp .late
.refused:
	mov r10d, RING_REFUSED
	jmp .late
.resched:
	ring_resched .out
	xor r11d, r11d			; this may be another CPU by now
.rest:
	xor r10d, r10d			; written
.late:
	pop rdx
	pop rax
function_fast_end:
