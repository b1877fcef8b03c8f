; SPDX-License-Identifier: MIT
; direct_targets.asm - two minimal direct targets: each counts a call and
; returns.
;
; void demo_first(void);   void demo_second(void);
; IN       the traced function's argument registers
; OUT      all registers unchanged; flags changed, which no function entry uses
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
