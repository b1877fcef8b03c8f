; SPDX-License-Identifier: MIT
;
; Takes the boot CPU from the loader's 32-bit entry to long mode.
;
; Owns: the multiboot2 header, the PVH note, the GDT used before the kernel's
; own, and the early page tables. They map the first 4 GiB at 0 and at
; PAGE_OFFSET, and the first 1 GiB at KERNEL_VMA.
;
; Invariants
;  BS1 Nothing in this page is written, since it is mapped R X later. So the
;     GDT's accessed bits are set in advance.
;  BS2 If the CPU lacks a feature, its name is printed on the serial line.
;
; Runs at its physical address, interrupts off, paging off.

%include "boot/boot-offsets.inc"
%include "boot/start.inc"

; ---- headers -----------------------------------------------------------------
section .boot.header progbits alloc exec nowrite align=8

multiboot2_header:
	dd 0xe85250d6			; magic
	dd 0				; i386, 32-bit protected mode
	dd .end - multiboot2_header
	dd -(0xe85250d6 + 0 + (.end - multiboot2_header)) & 0xffffffff
	dw 5, 1				; framebuffer tag, optional
	dd 20				; size of the tag
	dd 0, 0, 32			; any width, any height, 32 bits a pixel
	dd 0				; tags are aligned to 8
	dw 0, 0				; end tag
	dd 8
.end:

; The PVH entry point: QEMU's -kernel starts the same file through it.
section .note.pvh note alloc noexec nowrite align=4
	dd 4, 4, 18			; sizes of name and value, PHYS32_ENTRY
	db "Xen", 0
	dd start32_pvh

; ---- code --------------------------------------------------------------------
section .boot.text progbits alloc exec nowrite align=16
bits 32

; void start32_multiboot2(void), start32_pvh(void)
; IN    multiboot2: eax = magic, ebx = tags; PVH: ebx = start_info
; OUT   jumps to start64 with edi = magic, esi = physical address of the tags
; STACK none yet
global start32_multiboot2
start32_multiboot2:
	cli
	mov	esi, ebx
	mov	ebp, eax			; ebp = the loader's magic
	cmp	eax, MULTIBOOT2_MAGIC
	je	start32
	mov	esi, msg_loader
	jmp	refuse

start32_pvh:
	cli
	mov	esi, ebx
	mov	ebp, PVH_MAGIC

start32:
	cld
	lgdt	[boot_gdt_ptr]
	mov	eax, BOOT_DATA
	mov	ds, eax
	mov	es, eax
	mov	ss, eax
	extern	__bss_start, __bss_end, _end
	; The loader may not check that there is RAM up to the image's end.
	mov	edi, _end - KERNEL_VMA - 4
	mov	eax, [edi]
	not	dword [edi]
	xor	eax, [edi]
	not	dword [edi]
	inc	eax				; 0 if all bits have changed
	jz	.memory
	mov	esi, msg_memory
	jmp	refuse
.memory:
	mov	edi, __bss_start - KERNEL_VMA
	mov	ecx, __bss_end - KERNEL_VMA
	sub	ecx, edi
	shr	ecx, 2
	xor	eax, eax
	rep	stosd				; .bss is zero, the stack usable
	mov	esp, boot_stack_top - KERNEL_VMA
	push	esi				; [esp] = tags
	call	check_cpu
	call	build_early_tables
	pop	esi
	mov	edi, ebp
	enter_long_mode early_pml4 - KERNEL_VMA, start64

; Jumps to refuse (message in esi) if the CPU lacks a feature in cpu_needs.
; CLOBBERS eax ebx ecx edx esi edi
check_cpu:
	pushfd
	pop	eax
	mov	ecx, eax
	xor	eax, 1 << 21			; EFLAGS.ID can change: CPUID
	push	eax
	popfd
	pushfd
	pop	eax
	mov	esi, msg_cpuid
	cmp	eax, ecx
	je	refuse
	mov	eax, 0x80000000
	cpuid
	mov	esi, msg_long
	cmp	eax, 0x80000001
	jb	refuse
	mov	edi, cpu_needs
.next:	mov	eax, [edi]			; CPUID leaf
	test	eax, eax
	jz	.done
	cpuid
	mov	esi, [edi + 8]
	test	edx, [edi + 4]
	jz	refuse
	add	edi, 12
	jmp	.next
.done:	ret

; Builds the early page tables: 2 MiB pages with all access rights. paging.c
; builds the final tables as soon as it can allocate memory.
; CLOBBERS eax ecx edi
build_early_tables:
	mov	edi, early_pd - KERNEL_VMA
	mov	eax, EARLY_LEAF
.leaf:	mov	[edi], eax
	add	edi, 8
	add	eax, 1 << 21
	jnc	.leaf				; until eax wraps at 4 GiB
	mov	edi, early_pdpt - KERNEL_VMA
	mov	eax, (early_pd - KERNEL_VMA) + EARLY_TABLE
	mov	ecx, 4
.pdpt:	mov	[edi], eax
	add	edi, 8
	add	eax, 4096
	loop	.pdpt
	mov	dword [early_pdpt_high - KERNEL_VMA + 8 * 510], \
		(early_pd - KERNEL_VMA) + EARLY_TABLE
	mov	edi, early_pml4 - KERNEL_VMA
	mov	eax, (early_pdpt - KERNEL_VMA) + EARLY_TABLE
	mov	[edi], eax			; identity map, in use now
	mov	[edi + 8 * ((PAGE_OFFSET >> 39) & 511)], eax
	mov	dword [edi + 8 * 511], \
		(early_pdpt_high - KERNEL_VMA) + EARLY_TABLE
	ret

; Prints the text at esi on the serial line and exits from QEMU with the status
; of a panic. Outside QEMU it halts for good.
refuse:
	mov	esp, REFUSE_STACK
	mov	edi, uart_setup
	mov	ecx, UART_SETUP_PAIRS
.setup:	movzx	edx, word [edi]
	mov	al, [edi + 2]
	out	dx, al
	add	edi, 3
	loop	.setup
	mov	edi, esi
	mov	esi, msg_prefix
	call	print
	mov	esi, edi
	call	print
	mov	esi, msg_suffix
	call	print
	mov	dx, 0xf4
	mov	al, 0x12
	out	dx, al
.halt:	hlt
	jmp	.halt

; IN esi = text, terminated by a zero byte. CLOBBERS eax ecx edx esi
print:
	lodsb
	test	al, al
	jz	.done
	mov	ah, al
	mov	ecx, 1 << 16			; bounded: there may be no UART
	mov	dx, 0x3fd
.wait:	in	al, dx
	test	al, 1 << 5			; transmitter empty
	loopz	.wait
	mov	dx, 0x3f8
	mov	al, ah
	out	dx, al
	jmp	print
.done:	ret

; ---- constants ---------------------------------------------------------------
REFUSE_STACK equ 0x8000			; the data there is no longer needed
EARLY_TABLE equ 1 << 0 | 1 << 1			; present, writable
EARLY_LEAF  equ 1 << 0 | 1 << 1 | 1 << 7	; present, writable, 2 MiB page

align 4
cpu_needs:					; leaf, bit of edx, name
	dd 1, 1 << 4, msg_tsc
	dd 1, 1 << 5, msg_msr
	dd 1, 1 << 6, msg_pae
	dd 1, 1 << 9, msg_apic
	dd 0x80000001, 1 << 20, msg_nx
	dd 0x80000001, 1 << 29, msg_long
	dd 0

uart_setup:					; port, value
%macro uart_reg 2
	dw 0x3f8 + %1
	db %2
%endmacro
	uart_reg 1, 0				; no interrupts
	uart_reg 3, 0x80			; divisor latch
	uart_reg 0, 1				; 115200 baud
	uart_reg 1, 0
	uart_reg 3, 3				; 8n1
UART_SETUP_PAIRS equ ($ - uart_setup) / 3

msg_prefix:	db "nop5: cannot start: ", 0
msg_suffix:	db 13, 10, 0
msg_loader:	db "started by neither multiboot2 nor PVH", 0
msg_memory:	db "there is not enough memory for the kernel", 0
msg_cpuid:	db "this CPU has no CPUID", 0
msg_long:	db "this CPU has no 64-bit mode", 0
msg_nx:		db "this CPU has no NX (no-execute pages)", 0
msg_pae:	db "this CPU has no PAE", 0
msg_msr:	db "this CPU has no MSRs", 0
msg_tsc:	db "this CPU has no time stamp counter", 0
msg_apic:	db "this CPU has no local APIC", 0

align 8
global boot_gdt
boot_gdt:					; with the accessed bit (BS1)
	dq 0
	dq 0x00cf9b000000ffff			; BOOT_CODE32
	dq 0x00cf93000000ffff			; BOOT_DATA
	dq 0x00af9b000000ffff			; BOOT_CODE64
.end:
	dw 0
global boot_gdt_ptr, boot_gdt_limit
boot_gdt_ptr:
	dw boot_gdt_limit
	dd boot_gdt
boot_gdt_limit equ boot_gdt.end - boot_gdt - 1

; ---- memory ------------------------------------------------------------------
section .bss nobits alloc noexec write align=4096
global early_pml4
early_pml4:	 resb 4096
early_pdpt:	 resb 4096
early_pdpt_high: resb 4096
early_pd:	 resb 4 * 4096
global boot_stack, boot_stack_top, boot_stack_guard
boot_stack_guard: resb 4096			; not mapped by the final tables
boot_stack:	 resb BOOT_STACK_SIZE
boot_stack_top:

; The jump in enter_long_mode names it.
extern start64
