; SPDX-License-Identifier: MIT
;
; What the sacrificial functions of the patch tests call.
;
; A sacrificial function is [site][ret], called with eax = 0. Each target adds
; its own digit to eax, so that the result of one call says which targets it
; landed on and how often: 0 for a NOP, FARM_A for A once, 2 * FARM_A for twice.
; All other registers stay, so a target may be called or jumped to from
; anywhere, in any context. Not traceable.

%include "arch/x86_64/asm/linkage.inc"

section .text

%macro target 2
func %1
	add eax, %2
	ret
endfunc %1
%endmacro

	target farm_target_a, 0x1
	target farm_target_b, 0x100
	target farm_target_c, 0x10000

; u32 farm_int3(u32 landed = eax): an INT3 that has nothing to do with patching
; OUT	eax as it was, if the trap is left to the hook of the test; poisoned if
;	somebody does a short jump by LANDING_AT here, as a sacrificial function
;	has it (poke_farm.c): the two are alike on purpose.
; farm_int3_site is a site in the same page, a NOP, which nobody calls.
	align 32
func farm_int3
global farm_int3_at, farm_int3_site
farm_int3_at:
	int3
	times 4 nop
	ret
	times 2 int3
	add eax, 0x1000000		; farm_int3_at + 8
	ret
farm_int3_site:
	db 0x0f, 0x1f, 0x44, 0x00, 0x00
	ret
endfunc farm_int3
