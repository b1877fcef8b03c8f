; SPDX-License-Identifier: MIT
; Instructions that cannot be probed, to be executed by test_kprobe_executed.c:
; in their place, and as a probe would execute them. Each function that begins
; with rx_ returns in eax what its head says.

%include "arch/x86_64/asm/linkage.inc"

FLAG_TF equ 1 << 8

section .data
global rx_slot, rx_far
rx_slot:	dq 0			; where the copy is
rx_far:		dq 0, 0			; selector 0 at offset 4: #GP

section .text

; ---- interrupts: one is pending, eax = 1 once the next one is executed ----

func rx_sti
	xor eax, eax
	sti
global rx_sti_next
rx_sti_next:
	inc eax
	nop
	ret
endfunc rx_sti

; The copy of STI, which jumps to rx_sti_copy_next
func rx_sti_copy
	xor eax, eax
	jmp [rel rx_slot]
global rx_sti_copy_next
rx_sti_copy_next:
	inc eax
	nop
	ret
endfunc rx_sti_copy

; An INT3 behind STI: its handler goes on at a copy of inc eax.
func rx_behind_sti
	xor eax, eax
	sti
	int3
	db 0xc0				; the rest of inc eax
global rx_behind_sti_next
rx_behind_sti_next:
	nop
	ret
endfunc rx_behind_sti

func rx_hlt
	sti
	hlt
global rx_hlt_next
rx_hlt_next:
	nop
	ret
endfunc rx_hlt

; The copy of HLT, which jumps to rx_hlt_copy_next
func rx_hlt_copy
	sti
	jmp [rel rx_slot]
global rx_hlt_copy_next
rx_hlt_copy_next:
	ret
endfunc rx_hlt_copy

; ---- single steps: eax = 1 once the instruction behind MOV SS is executed ----

; enter_stepping: eax = 0, ecx = SS, TF set; popfq is followed by one more
; instruction before the first trap
%macro enter_stepping 0
	mov ecx, ss
	xor eax, eax
	pushfq
	or qword [rsp], FLAG_TF
	popfq
%endmacro

%macro leave_stepping 0
	pushfq
	and qword [rsp], ~FLAG_TF
	popfq
	ret
%endmacro

func rx_mov_ss
	enter_stepping
global rx_mov_ss_at, rx_mov_ss_next
rx_mov_ss_at:
	mov ss, ecx
rx_mov_ss_next:
	inc eax
	nop
	leave_stepping
endfunc rx_mov_ss

; The copy of MOV SS, which jumps to rx_mov_ss_copy_next
func rx_mov_ss_copy
	enter_stepping
	jmp [rel rx_slot]
global rx_mov_ss_copy_next
rx_mov_ss_copy_next:
	inc eax
	nop
	leave_stepping
endfunc rx_mov_ss_copy

; An INT3 behind MOV SS: its handler goes on at a copy of inc eax.
func rx_behind_mov_ss
	enter_stepping
	mov ss, ecx
	int3
	db 0xc0				; the rest of inc eax
global rx_behind_mov_ss_next
rx_behind_mov_ss_next:
	nop
	leave_stepping
endfunc rx_behind_mov_ss

; ---- what else than ip changes ----

; bytes that a far return takes from the stack
func rx_far_ret
	mov rdx, rsp
	mov eax, cs
	push rax
	lea rax, [rel .to]
	push rax
	mov rcx, rsp
	o64 retf
.to:
	mov rax, rsp
	sub rax, rcx
	mov rsp, rdx
	ret
endfunc rx_far_ret

; the direction flag behind an IRET that was to set it
func rx_iret
	mov rdx, rsp
	mov eax, ss
	push rax
	push rdx
	pushfq
	or qword [rsp], 1 << 10
	mov eax, cs
	push rax
	lea rax, [rel .to]
	push rax
	iretq
.to:
	pushfq
	pop rax
	cld
	shr eax, 10
	and eax, 1
	ret
endfunc rx_iret

; 1: the call went where it is to go; 2: elsewhere
func rx_call_rsp
	push rbp
	mov rbp, rsp
	lea rax, [rel .right]
	push rax
	lea rax, [rel .wrong]
	push rax
	call [rsp + 8]
	jmp .out
.right:
	mov eax, 1
	ret
.wrong:
	mov eax, 2
	ret
.out:
	leave
	ret
endfunc rx_call_rsp

; The same as a slot would do it.
func rx_call_rsp_slot
	push rbp
	mov rbp, rsp
	lea rax, [rel .right]
	push rax
	lea rax, [rel .wrong]
	push rax
	push .out
	jmp [rsp + 8]
.right:
	mov eax, 1
	ret
.wrong:
	mov eax, 2
	ret
.out:
	leave
	ret
endfunc rx_call_rsp_slot

; ---- what traps: the address that is reported ----

%macro traps 2+
func rx_%1
	lea rax, [rel rx_far]
global rx_%1_at
rx_%1_at:
	%2
	ret
endfunc rx_%1
%endmacro

traps int3, int3
traps int_n, db 0xcd, 3
traps int1, db 0xf1
traps pop_ss, db 0x17		; not in 64-bit mode
traps ud2, ud2
traps syscall, syscall
traps sysret, o64 sysret
traps vector, vzeroupper
traps far_call, db 0xff, 0x18	; call far [rax]
traps far_jump, db 0xff, 0x28	; jmp far [rax]
traps call_word, db 0x66, 0xe8, 0, 0, 0, 0
