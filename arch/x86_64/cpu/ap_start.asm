; SPDX-License-Identifier: MIT
;
; The start of every other CPU, from SIPI to its C entry point; see ap_boot.h.
;
; The 16-bit part is copied below 1 MiB and is data there (never mapped
; executable). All code that runs with paging on is in the kernel image.

%include "boot/boot-offsets.inc"
%include "boot/start.inc"
%include "asm-offsets.inc"

CPUID_TOPOLOGY	equ 0xb			; leaf with the 32-bit APIC id

extern boot_gdt, boot_gdt_limit, boot_gdt_ptr, ap_pml4, kernel_pml4
extern ap_boot_params

; void ap_start16(void)
; IN    cs = page of the copy >> 4, ip = 0
; STACK none
section .rodata
bits 16
global ap_start16, ap_start16_end
ap_start16:
	cli
	mov	ax, cs
	mov	ds, ax
	o32 lgdt [.gdt_ptr - ap_start16]
	mov	eax, cr0
	or	al, 1
	mov	cr0, eax			; protected mode, 16-bit code
	jmp	dword BOOT_CODE32:ap_start32
.gdt_ptr:
	dw boot_gdt_limit
	dd boot_gdt
ap_start16_end:

section .boot.text progbits alloc exec nowrite align=16
bits 32
ap_start32:
	mov	eax, BOOT_DATA
	mov	ds, eax
	mov	es, eax
	mov	ss, eax
	enter_long_mode ap_pml4 - KERNEL_VMA, ap_start64

; void ap_start64(void): never returns
; IN    nothing but the AP page tables
; OUT   ap_boot_params.entry(arg) on its stack, GS base set, kernel tables
section .text
bits 64
ap_start64:
	xor	eax, eax
	cpuid					; eax = largest leaf
	cmp	eax, CPUID_TOPOLOGY
	jb	.id_of_8_bits
	mov	eax, CPUID_TOPOLOGY
	xor	ecx, ecx
	cpuid
	mov	esi, edx			; esi = the id, if bx is not 0
	test	bx, bx
	jnz	.find_block
.id_of_8_bits:
	mov	eax, 1
	cpuid
	shr	ebx, 24
	mov	esi, ebx			; esi = the id
.find_block:
	shl	rsi, 32
	mov	rbp, ap_boot_params
	mov	edi, AP_BOOT_BLOCKS
.next_block:
	lea	rax, [rsi + AP_BOOT_ARMED]
	lea	rcx, [rsi + AP_BOOT_TAKEN]
	lock cmpxchg [rbp + AP_CLAIM], rcx
	je	.mine				; rbp = our block
	add	rbp, AP_BOOT_SIZE
	dec	edi
	jnz	.next_block
.late:						; the boot CPU gave up on us
	cli
	hlt
	jmp	.late
.mine:
	mov	rax, kernel_pml4 - KERNEL_VMA
	mov	cr3, rax			; the low alias is gone
	mov	rsp, [rbp + AP_STACK_TOP]
	sub	rsp, 16
	mov	rax, boot_gdt + KERNEL_VMA
	mov	[rsp + 2], rax
	mov	word [rsp], boot_gdt_limit
	lgdt	[rsp]
	xor	eax, eax
	mov	ds, eax
	mov	es, eax
	mov	ss, eax
	mov	fs, eax
	mov	gs, eax
	mov	eax, [rbp + AP_GS_BASE]
	mov	edx, [rbp + AP_GS_BASE + 4]
	mov	ecx, 0xc0000101			; GS base
	wrmsr
	mov	rdi, [rbp + AP_ARG]
	mov	rax, [rbp + AP_ENTRY]
	xor	ebp, ebp
	mov	[rsp], rbp
	mov	[rsp + 8], rbp			; end of the call chain
	mov	rbp, rsp
	call	rax
	ud2
