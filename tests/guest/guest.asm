; SPDX-License-Identifier: MIT
;
; A guest that only says and does what a test of the harness wants: prints the
; file TEXT on the serial line, then ends by the way ENDING, one of
;	HANG	for ever
;	EXIT	leaves through isa-debug-exit with CODE
;	TRIPLE	triple fault
;	RESET	the keyboard controller's reset line
; Booted by PVH, 32 bits, no memory used but its own.

bits 32

section .note.pvh note alloc noexec align=4
	dd 4, 4, 18			; sizes of name and value; PHYS32_ENTRY
	db "Xen", 0
	dd start

section .text
global start
start:
	mov esi, text
	mov dx, 0x3f8
.next:
	cmp esi, text.end
	je .said
	lodsb
	out dx, al
	jmp .next
.said:
%ifdef EXIT
	mov al, EXIT
	out 0xf4, al
%elifdef TRIPLE
	lidt [no_idt]
	int3
%elifdef RESET
	mov al, 0xfe
	out 0x64, al
%endif
.hang:
	cli
	hlt
	jmp .hang

no_idt:	dw 0
	dd 0
text:	incbin TEXT
.end:
