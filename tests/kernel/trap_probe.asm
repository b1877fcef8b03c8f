; SPDX-License-Identifier: MIT
; Probes for test_entry.c: raise a trap with every register set to a chosen
; value, and note every register afterwards.

%include "arch/x86_64/asm/linkage.inc"
%include "tests/kernel/registers.inc"

; test_entry.c
extern probe_in, probe_out, probe_saved_sp
extern probe_callee_sp, probe_callee_calls

section .text

%macro load_register 2
	mov %1, [probe_in + %2]
%endmacro

%macro note_register 2
	mov [probe_out + %2], %1
%endmacro

; probe NAME, INSTRUCTION: void NAME(void)
; IN	probe_in: registers, flags and sp to have at the instruction
; OUT	probe_out: those found behind it
; STACK	switched to probe_in.sp in between
%macro probe 2+
func %1
	push rbp
	push rbx
	push r12
	push r13
	push r14
	push r15
	pushfq
	mov [probe_saved_sp], rsp
	mov rsp, [probe_in + PT_SP]
	push qword [probe_in + PT_FLAGS]
	each_register load_register
	popfq
global %1_insn
%1_insn:
	%2
global %1_behind
%1_behind:
	mov [probe_out + PT_SP], rsp	; no flag is touched up to the pushfq
	lea rsp, [rsp - 64]
	pushfq
	pop qword [probe_out + PT_FLAGS]
	each_register note_register
	mov rsp, [probe_saved_sp]
	popfq
	pop r15
	pop r14
	pop r13
	pop r12
	pop rbx
	pop rbp
	ret
endfunc %1
%endmacro

probe probe_int3, int3
probe probe_interrupt, int VECTOR_TEST
probe probe_site, db 0x0f, 0x1f, 0x44, 0x00, 0x00

; void probe_callee(void): where an emulated CALL goes
; OUT	its rsp at entry noted, all registers and flags kept
func probe_callee
	mov [probe_callee_sp], rsp
	pushfq
	inc qword [probe_callee_calls]
	popfq
	ret
endfunc probe_callee
