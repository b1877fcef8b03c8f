; SPDX-License-Identifier: MIT
; Probes for the suites of the ftrace core: call a traced function with every
; register set, a callback that destroys what a callback may, and direct
; targets.

%include "arch/x86_64/asm/linkage.inc"
%include "tests/kernel/registers.inc"

; test_ftrace_regs.c: struct pt_regs, and what the callback was given
extern ftrace_probe_in, ftrace_probe_out, ftrace_probe_cb
extern ftrace_probe_direct_regs		; as the direct target found them
extern direct_count			; u64 direct_count[NR_DIRECT], per-CPU

section .text

%macro load_register 2
	mov %1, [ftrace_probe_in + %2]
%endmacro

%macro note_register 2
	mov [ftrace_probe_out + %2], %1
%endmacro

%macro note_direct 2
	mov [ftrace_probe_direct_regs + %2], %1
%endmacro

; void ftrace_probe(void)
; IN	ftrace_probe_in: registers and flags to have at the call of .ip
; OUT	ftrace_probe_out: those found behind it, and sp before and behind
; STACK	two words below the call hold stack arguments, .orig_ax and .ss
func ftrace_probe
	push rbp
	push rbx
	push r12
	push r13
	push r14
	push r15
	sub rsp, 24			; two arguments, aligned at the call
	mov rax, [ftrace_probe_in + PT_ORIG_AX]
	mov [rsp], rax
	mov rax, [ftrace_probe_in + PT_SS]
	mov [rsp + 8], rax
	mov [ftrace_probe_in + PT_SP], rsp
	push qword [ftrace_probe_in + PT_FLAGS]
	each_register load_register
	popfq
	call [ftrace_probe_in + PT_IP]
	mov [ftrace_probe_out + PT_SP], rsp
	each_register note_register
	pushfq
	pop qword [ftrace_probe_out + PT_FLAGS]
	mov rax, [rsp]
	mov [ftrace_probe_out + PT_ORIG_AX], rax
	mov rax, [rsp + 8]
	mov [ftrace_probe_out + PT_SS], rax
	cld
	add rsp, 24
	pop r15
	pop r14
	pop r13
	pop r12
	pop rbx
	pop rbp
	ret
endfunc ftrace_probe

; void ftrace_probe_callback(ip, parent_ip, ops, fregs)
; Notes its arguments and rsp, then leaves nothing as it was that the C
; convention lets it change, the words above its return address excepted.
func ftrace_probe_callback
	mov [ftrace_probe_cb], rdi
	mov [ftrace_probe_cb + 8], rsi
	mov [ftrace_probe_cb + 16], rdx
	mov [ftrace_probe_cb + 24], rcx
	mov [ftrace_probe_cb + 32], rsp
	inc qword [ftrace_probe_cb + 40]
	mov rax, 0x5a5a5a5a5a5a5a5a
	mov rcx, rax
	mov rdx, rax
	mov rsi, rax
	mov rdi, rax
	mov r8, rax
	mov r9, rax
	mov r10, rax
	mov r11, rax
	mov [rsp - 8], rax		; nobody may use what lies below rsp
	mov [rsp - 16], rax
	mov [rsp - 128], rax
	sub rax, rax			; other flags
	ret
endfunc ftrace_probe_callback

; void ftrace_step_call(void (*fn)(void)): call it one instruction at a time,
; each followed by #DB (trap_set_step_hook)
func ftrace_step_call
	push rbp
	mov rbp, rsp
	pushfq
	or qword [rsp], 1 << 8		; TF
	popfq
	call rdi
	pushfq
	and qword [rsp], ~(1 << 8)
	popfq
	pop rbp
	ret
endfunc ftrace_step_call

; A direct target that notes what it finds: as the traced function would.
func ftrace_probe_direct
	each_register note_direct
	mov [ftrace_probe_direct_regs + PT_SP], rsp
	push rax
	mov rax, [rsp + 8]
	mov [ftrace_probe_direct_regs + PT_IP], rax
	pop rax
	ret
endfunc ftrace_probe_direct

; The same for one that is jumped to: it is the function's whole call.
func ftrace_probe_direct_jmp
	each_register note_direct
	mov [ftrace_probe_direct_regs + PT_SP], rsp
	push rax
	mov rax, [rsp + 8]
	mov [ftrace_probe_direct_regs + PT_IP], rax
	pop rax
	ret
endfunc ftrace_probe_direct_jmp

; Direct targets that count, per CPU: one instruction, so preemption is no
; matter. void direct_0(void) ...
%macro direct_target 1
func direct_%1
	inc qword [gs:direct_count + 8 * %1]
	ret
endfunc direct_%1
%endmacro
	direct_target 0
	direct_target 1
	direct_target 2
	direct_target 3
