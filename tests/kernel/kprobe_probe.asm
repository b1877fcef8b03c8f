; SPDX-License-Identifier: MIT
; Instructions to be probed, one of each kind, for test_kprobe_insn.c. Each runs
; with every register, the flags and the stack set to chosen values, and what it
; leaves is noted. kprobe_cases lists them.

%include "arch/x86_64/asm/linkage.inc"
%include "tests/kernel/registers.inc"

; test_kprobe_insn.c
extern kcase_in, kcase_out, kcase_memory

section .bss
kcase_saved_sp:	resq 1
kcase_code:	resq 1

section .rodata
	align 8
kcase_target_ptr:	dq kcase_target

%macro load_register 2
	mov %1, [kcase_in + %2]
%endmacro

%macro note_register 2
	mov [kcase_out + %2], %1
%endmacro

section .text

; void kcase_run(void (*code)(void))
; IN	kcase_in: registers, flags and sp to have at code
; OUT	kcase_out: those at kcase_done, where code goes in the end
func kcase_run
	push_list rbp, rbx, r12, r13, r14, r15
	pushfq
	mov [kcase_saved_sp], rsp
	mov [kcase_code], rdi
	mov rsp, [kcase_in + PT_SP]
	push qword [kcase_in + PT_FLAGS]
	each_register load_register
	popfq
	jmp [kcase_code]
endfunc kcase_run

func kcase_done
	mov [kcase_out + PT_SP], rsp	; no flag is touched up to the pushfq
	lea rsp, [rsp - 64]
	pushfq
	pop qword [kcase_out + PT_FLAGS]
	each_register note_register
	mov rsp, [kcase_saved_sp]
	popfq
	pop_list rbp, rbx, r12, r13, r14, r15
	ret
endfunc kcase_done

; Where a call goes: the return address is a result.
func kcase_target
	pop qword [kcase_memory + 24]
	jmp kcase_done
endfunc kcase_target

; kcase NAME, PRELUDE, INSTRUCTION: kcase_NAME runs both; kcase_NAME_at is the
; address of INSTRUCTION. A branch to .taken leaves a mark.
; struct kprobe_case { name, code, at }, and a null name at the end
section .rodata.kcases progbits alloc noexec nowrite align=8
global kprobe_cases
kprobe_cases:

%macro kcase 3+
%defstr %%text %1
section .rodata
%%name:	db %%text, 0
section .rodata.kcases
	dq %%name, kcase_%1, kcase_%1_at
section .text
func kcase_%1
	%2
global kcase_%1_at
kcase_%1_at:
	%3
	jmp kcase_done
.taken:
	mov qword [kcase_memory + 32], 0x7a6e
	jmp kcase_done
.near:
	times 128 nop
	jmp kcase_done
endfunc kcase_%1
%endmacro

%define none
%macro to_done 0
	push qword kcase_done
%endmacro
%macro args_then_done 0
	push qword 1
	push qword 2
	push qword kcase_done
%endmacro
%macro rbx_target 0
	lea rbx, [kcase_target]
%endmacro
%macro r13_target 0
	lea r13, [kcase_target]
%endmacro
%macro rbx_ptr 0
	lea rbx, [kcase_target_ptr - 16]
%endmacro
%macro rbx_ptr_r9 0
	lea rbx, [kcase_target_ptr - 24]
	mov r9d, 3
%endmacro
%macro rbx_memory 0
	lea rbx, [kcase_memory]
%endmacro
%macro strings 0
	lea rsi, [kcase_memory + 256]
	lea rdi, [kcase_memory + 300]
	mov ecx, 9
%endmacro
%macro count_one 0
	mov ecx, 1
%endmacro
%macro count_high 0
	mov rcx, 0x100000001
%endmacro
%macro count_zero 0
	mov rcx, 0x100000000
%endmacro
%macro small 0
	mov edx, 0
	mov ebx, 77
%endmacro

%macro cs_call_target 0
	db 0x2e
	call kcase_target
%endmacro

; ---- emulated ----
kcase ret, to_done, ret
kcase ret_n, args_then_done, ret 16
kcase rep_ret, to_done, db 0xf3, 0xc3
kcase call, none, call kcase_target
kcase cs_call, none, cs_call_target
kcase call_rbx, rbx_target, call rbx
kcase call_r13, r13_target, call r13
kcase jmp_short, none, jmp short .taken
kcase jmp_near, none, jmp near .taken
kcase jmp_rbx, rbx_target, jmp rbx
kcase jmp_r13, r13_target, jmp r13
%macro conditions 1-*
  %rep %0
	kcase j%1_short, none, j%1 short .taken
	kcase j%1_near, none, j%1 near .taken
    %rotate 1
  %endrep
%endmacro
conditions o, no, b, ae, e, ne, be, a, s, ns, p, np, l, ge, le, g
kcase loop, none, loop .taken
kcase loop_one, count_one, loop .taken
kcase loope, none, loope .taken
kcase loopne, none, loopne .taken
kcase loopne_one, count_one, loopne .taken
kcase loop_ecx, count_high, a32 loop .taken
kcase loope_ecx, count_zero, a32 loope .taken
kcase jrcxz, none, jrcxz .taken
kcase jrcxz_zero, {xor ecx, ecx}, jrcxz .taken
kcase jecxz, count_zero, jecxz .taken

; ---- in a slot ----
kcase call_mem, rbx_ptr, call [rbx + 16]
kcase call_mem_index, rbx_ptr_r9, call [rbx + r9 * 8]
kcase call_mem_rip, none, call [rel kcase_target_ptr]
kcase jmp_mem, rbx_ptr, jmp [rbx + 16]
kcase jmp_mem_rip, none, jmp [rel kcase_target_ptr]
kcase add, none, add rax, rbx
kcase adc_imm, none, adc r15, 0x12345678
kcase lea_rip, none, lea r11, [rel kcase_memory + 5]
kcase load_rip, none, mov r8, [rel kcase_memory + 40]
kcase store_rip_imm, none, mov dword [rel kcase_memory + 48], 0x55667788
kcase cmp_rip_imm8, none, cmp byte [rel kcase_memory + 41], 9
kcase store, rbx_memory, mov [rbx + 56], rdx
kcase movabs, none, mov r10, 0x1122334455667788
kcase push, none, push r14
kcase pop, {push r12}, pop rbp
kcase push_imm, none, push qword -5
kcase push_mem, none, push qword [rel kcase_memory + 64]
kcase pushf, none, pushfq
kcase popf, {push qword 0x8d7}, popfq
kcase cli, none, cli
kcase cld, none, cld
kcase std, none, std
kcase xchg, rbx_memory, xchg [rbx + 72], rax
kcase cmpxchg, rbx_memory, lock cmpxchg [rbx + 80], rcx
kcase xadd, rbx_memory, lock xadd [rbx + 88], rsi
kcase movsb, {strings}, rep movsb
kcase stosb, {strings}, rep stosb
kcase mul, none, mul r9
kcase div, small, div rbx
kcase cpuid, {xor eax, eax}, cpuid
kcase lahf, none, lahf
kcase sahf, none, sahf
kcase cmov, none, cmovl rax, r11
kcase setcc, none, setnp dl
kcase bswap, none, bswap rdi
kcase leave, {mov rbp, rsp}, leave
kcase enter, none, enter 0, 0
kcase nop5, none, db 0x0f, 0x1f, 0x44, 0, 0
kcase nop1, none, nop
kcase pause, none, pause
kcase shld, none, shld rax, rbx, 7

section .rodata.kcases
	dq 0, 0, 0
