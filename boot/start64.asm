; SPDX-License-Identifier: MIT
;
; The boot CPU's first instructions in 64-bit mode, up to the call into C.

%include "boot/boot-offsets.inc"
%include "boot/start.inc"

section .text
bits 64

; void start64(u32 magic, u32 info): never returns
; IN    edi = magic, esi = physical address of the loader's tables
; STACK none on entry; boot_stack from here until the first thread runs
extern boot_gdt, boot_gdt_limit, boot_stack_top, boot_main
global start64
start64:
	mov	rsp, boot_stack_top
	mov	ax, boot_gdt_limit
	mov	[rsp - 16], ax
	mov	rax, boot_gdt + KERNEL_VMA	; the low alias goes later
	mov	[rsp - 14], rax
	lgdt	[rsp - 16]
	xor	eax, eax
	mov	ds, eax
	mov	es, eax
	mov	ss, eax
	mov	fs, eax
	mov	gs, eax
	xor	edx, edx
	mov	ecx, MSR_GS_BASE
	wrmsr					; CPU 0 uses .percpu itself
	mov	ecx, MSR_KERNEL_GS_BASE
	wrmsr
	push	rax				; 0: end of the call chain
	push	rax
	mov	rbp, rsp
	mov	edi, edi
	mov	esi, esi
	call	boot_main
	ud2

MSR_GS_BASE	   equ 0xc0000101
MSR_KERNEL_GS_BASE equ 0xc0000102
