// SPDX-License-Identifier: MIT
#include "boot/boot_info.h"
#include "boot/memmap.h"
#include "kernel/kallsyms.h"
#include "kernel/cmdline.h"
#include <asm/io.h>

static void put(const char *s)
{
	for (; *s; s++)
		outb(0x3f8, *s);
}

void kernel_main(const struct boot_info *info)
{
	cmdline_init(info->cmdline);
	put("nop5: boot banner\nnop5: ");
	put(info->protocol);
	put(" '");
	put(info->cmdline);
	put("' in ");
	put(kallsyms_lookup((unsigned long)kernel_main, NULL, NULL));
	put("\nnop5: end of run\n");
	outb(0xf4, info->error ? 0x12 : 0x10);
	for (;;)
		;
}
