; SPDX-License-Identifier: MIT
; direct_targets.asm - the smallest direct targets: they count, and return.
;
; void demo_first(void);   void demo_second(void);
; IN       as the traced function: all argument registers
; OUT      nothing changed but flags, which nobody expects at an entry
; STACK    [rsp] return address into the traced function, behind its site

	bits 64

	global demo_first
	global demo_second
	extern demo_first_calls
	extern demo_second_calls

	section .text

demo_first:
	inc qword [gs:demo_first_calls]
	ret

demo_second:
	inc qword [gs:demo_second_calls]
	ret
