; SPDX-License-Identifier: MIT
;
; The function_graph tracer's events in the top trace, for the common case.
;
; graph_fast_code is the entry, in front of the trampoline's frame (struct
; ftrace_fast): fgraph_enter() and graph_entry() in one. It is data that the
; generator copies. graph_handler() is the return.
;
; Both hook and unhook before they commit the event, so that what is left to do
; behind a commit is the same in all cases: graph_late(), graph_handler_late().
;
; Nothing here is traceable. Context: any, NMI included.

%include "arch/x86_64/asm/linkage.inc"
%include "trace/ring/ring_fast.inc"
%include "trace/tracers/entry-offsets.inc"

extern ftrace_aside, current_task
extern trace_top_array, graph_top, return_to_handler
extern graph_handler_late, graph_handler_refused

SITE_SIZE equ 5				; the CALL at the site

; The slots above what is pushed.
%define SITE_RET	rsp + 24
%define RETP		rsp + 32

section .rodata

; IN	all registers as the traced function's caller left them;
;	[rsp] the address behind the site's CALL, [rsp + 8] the slot of the
;	return address into the caller
; OUT	all registers but r10 and r11 unchanged; rip = the address behind the
;	CALL, or one of the two ways of struct ftrace_fast
; STACK	rax, rdx, rcx, and the flags for a moment
;
; rcx is the call's frame on the task's shadow stack, from its push on: the
; order of the stores is that of fgraph_push() and fgraph_hook(). A frame below
; it with the same slot is of a function that has tail-called this one, never of
; another user of the same call (fgraph_shared()): a site with two users calls a
; chain or the list function, and no trampoline with this code.
global graph_fast_code, graph_fast_end
graph_fast_code:
	cmp dword [abs trace_top_array + TRACE_STATE], TRACE_USUAL
	jne graph_fast_end + FTRACE_FAST_LATE
	cmp byte [gs:ftrace_aside], 0	; not for this task: the callback looks
	jne graph_fast_end + FTRACE_FAST_LATE
	push rax
	push rdx
	push rcx
	ring_get
	mov rax, [gs:current_task]
	mov rax, [rax + TASK_RET_STACK]
	test rax, rax
	jz .refused
	mov rcx, [rax + STACK_TOP]
	lea rdx, [RETP]
	cmp rcx, [rax + STACK_END]
	jae .refused
	add rcx, FRAME_SIZE
	mov qword [rcx + FRAME_RETP], 0
	mov [rax + STACK_TOP], rcx
	mov rax, [rdx]
	mov [rcx + FRAME_RET], rax
	mov rax, [SITE_RET]
	sub rax, SITE_SIZE
	mov [rcx + FRAME_FUNC], rax
	mov eax, [abs graph_top + GRAPH_BIT]
	mov [rcx + FRAME_USERS], eax
	mov eax, [rcx - FRAME_SIZE + FRAME_DEPTH]
	inc eax
	mov [rcx + FRAME_DEPTH], eax
	graph_ent_reserve .pop, .undo
	mov [rcx + FRAME_CALLTIME], rdx
	ring_fill TRACE_GRAPH_ENT
	mov rax, [rcx + FRAME_FUNC]
	mov [EVENT(GRAPH_ENT_FUNC)], rax
	mov eax, [rcx + FRAME_DEPTH]
	mov [EVENT(GRAPH_ENT_DEPTH)], eax
	lea rax, [RETP]
	mov [rcx + FRAME_RETP], rax
	mov qword [rax], return_to_handler
	graph_ent_commit .rest
	ring_end .resched
.out:
	pop rcx
	pop rdx
	pop rax
	ret
.undo:
	mov r10d, RB_EVENT_HEADER + GRAPH_ENT_SIZE
	jmp .unpush
.pop:
	mov r10d, RING_REFUSED
.unpush:
	mov rax, [gs:current_task]
	mov rax, [rax + TASK_RET_STACK]
	sub rcx, FRAME_SIZE
	mov [rax + STACK_TOP], rcx
	jmp .late
.refused:
	mov r10d, RING_REFUSED		; not hooked
	jmp .late
.resched:
	ring_resched .out
	xor r11d, r11d			; this may be another CPU by now
.rest:
	xor r10d, r10d			; hooked
.late:
	pop rcx
	pop rdx
	pop rax
graph_fast_end:

section .text

; enum fgraph_handled graph_handler(unsigned long *retp)
;	ftrace_return_to_handler() and graph_return() in one.
;
; IN	rdi = retp
; OUT	eax = FGRAPH_REFUSED, which is 0, with nothing done; else it has
; CLOBBERS what a C function may
func graph_handler
	mov r9, [gs:current_task]
	mov rsi, [r9 + TASK_RET_STACK]
	mov rcx, [rsi + STACK_TOP]
	cmp [rcx + FRAME_RETP], rdi
	jne .not_ours
	mov eax, [abs graph_top + GRAPH_BIT]
	cmp [rcx + FRAME_USERS], eax
	jne .not_ours
	cmp dword [abs trace_top_array + TRACE_STATE], TRACE_USUAL
	jne .not_ours
	ring_get
	graph_ret_reserve .refused, .undo
	mov r8, rdx
	ring_fill TRACE_GRAPH_RET
	mov rax, [rcx + FRAME_FUNC]
	mov [EVENT(GRAPH_RET_FUNC)], rax
	mov eax, [rcx + FRAME_DEPTH]
	mov [EVENT(GRAPH_RET_DEPTH)], eax
	mov eax, [r9 + TASK_OVERRUN]
	mov [EVENT(GRAPH_RET_OVERRUN)], eax
	mov rax, [rcx + FRAME_CALLTIME]
	mov [EVENT(GRAPH_RET_CALLTIME)], rax
	mov [EVENT(GRAPH_RET_RETTIME)], r8
	mov rax, [rcx + FRAME_RET]	; eax != 0: FGRAPH_RETURNS
	mov [rdi], rax
	sub rcx, FRAME_SIZE
	mov [rsi + STACK_TOP], rcx	; after the frame was read
	graph_ret_commit .rest
	ring_end .resched
.out:
	ret
.not_ours:
	xor eax, eax
	ret
.undo:
	mov esi, RB_EVENT_HEADER + GRAPH_RET_SIZE
	jmp .not_written
.refused:
	mov esi, RING_REFUSED
.not_written:
	mov rdi, r11
	jmp graph_handler_refused
.resched:
	ring_resched .out
	xor r11d, r11d			; this may be another CPU by now
.rest:
	mov rdi, r11
	jmp graph_handler_late
endfunc graph_handler
