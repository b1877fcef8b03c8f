// SPDX-License-Identifier: MIT
/*
 * Reads the multiboot2 information structure.
 *
 * Invariants
 *  MB1 No byte outside [tags, tags + size) is read, whatever the tags say.
 *  MB2 No pointer in the result points into the loader's memory.
 *
 * Pure: runs on the host under the sanitizers and the fuzzer.
 */
#include "boot/boot_info.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"

/*
 * Types of tags (Multiboot2, Boot information format); all others are skipped.
 */
enum {
	TAG_END = 0,
	TAG_CMDLINE = 1,
	TAG_LOADER = 2,
	TAG_MMAP = 6,
	TAG_FRAMEBUFFER = 8,
	TAG_ACPI_OLD = 14,
	TAG_ACPI_NEW = 15,
};

/* The head of the structure. The tags follow, each aligned to 8 bytes. */
struct mb2_header {
	u32 total_size;
	u32 reserved;
};

struct mb2_tag {
	u32 type;
	u32 size; /* includes this header, not the padding to 8 bytes */
};

/*
 * Entries follow, each of entry_size bytes, which a later version may enlarge.
 */
struct mb2_mmap {
	struct mb2_tag tag;
	u32 entry_size;
	u32 entry_version;
};

struct mb2_mmap_entry {
	u64 base;
	u64 length;
	u32 type;
	u32 reserved;
};

/* addr: physical; pitch: bytes a line; bits: of a pixel. */
struct mb2_framebuffer {
	struct mb2_tag tag;
	u64 addr;
	u32 pitch;
	u32 width;
	u32 height;
	u8 bits;
	u8 type;
	u16 reserved;
	/* the rest depends on the type */
};

/* The text must end within the tag. A text longer than @out is refused. */
static int read_string(const u8 *text, size_t len, char *out, size_t out_len)
{
	size_t used = strnlen((const char *)text, len);

	if (used == len)
		return -EINVAL;
	if (used >= out_len)
		return -ENAMETOOLONG;
	memcpy(out, text, used + 1);
	return 0;
}

static int read_cmdline(const u8 *text, size_t len, struct boot_info *info)
{
	int ret = read_string(text, len, info->cmdline, sizeof(info->cmdline));

	if (ret == -EINVAL)
		return boot_bad(info, ret, "the command line does not end");
	if (ret == -ENAMETOOLONG)
		return boot_bad(info, ret, "the command line is too long");
	return 0;
}

/* The name is only printed, so a long one is cut and not refused. */
static int read_loader(const u8 *text, size_t len, struct boot_info *info)
{
	size_t used = strnlen((const char *)text, len);

	if (used == len)
		return boot_bad(info, -EINVAL,
				"the loader's name does not end");
	strscpy(info->loader, (const char *)text, sizeof(info->loader));
	return 0;
}

/*
 * A second map replaces the first. Each entry is copied out before it is looked
 * at: the structure need not be aligned, and MB2 wants no pointer into it.
 */
static int read_mmap(const u8 *p, size_t len, struct boot_info *info)
{
	struct mb2_mmap_entry entry;
	struct mb2_mmap head;
	size_t at;
	int ret;

	if (len < sizeof(head))
		return boot_bad(info, -EINVAL, "the memory map is cut short");
	memcpy(&head, p, sizeof(head));
	if (head.entry_size < sizeof(entry) || head.entry_size % 8)
		return boot_bad(info, -EINVAL,
				"memory map entries of a wrong size");
	if ((len - sizeof(head)) % head.entry_size)
		return boot_bad(info, -EINVAL,
				"the memory map ends in an entry");
	info->nr_regions = 0;
	for (at = sizeof(head); at < len; at += head.entry_size) {
		memcpy(&entry, p + at, sizeof(entry));
		ret = boot_add_region(info, entry.base, entry.length,
				      entry.type);
		if (ret)
			return ret;
	}
	return 0;
}

/* For RGB the positions and widths of the three colours follow. */
static int read_framebuffer(const u8 *p, size_t len, struct boot_info *info)
{
	struct boot_framebuffer *fb = &info->framebuffer;
	struct mb2_framebuffer head;

	if (len < sizeof(head))
		return boot_bad(info, -EINVAL, "the framebuffer is cut short");
	memcpy(&head, p, sizeof(head));
	if (head.type == BOOT_FRAMEBUFFER_RGB &&
	    len - sizeof(head) < sizeof(fb->colour))
		return boot_bad(info, -EINVAL,
				"the framebuffer's colours are cut short");
	*fb = (struct boot_framebuffer){
		.addr = head.addr,
		.pitch = head.pitch,
		.width = head.width,
		.height = head.height,
		.bits = head.bits,
		.type = head.type,
	};
	if (head.type == BOOT_FRAMEBUFFER_RGB)
		memcpy(fb->colour, p + sizeof(head), sizeof(fb->colour));
	return 0;
}

/* The longer root pointer (ACPI 2) wins, whatever the order of the tags. */
static int read_rsdp(const u8 *p, size_t len, struct boot_info *info)
{
	if (len < 20)
		return boot_bad(info, -EINVAL,
				"the ACPI root pointer is cut short");
	if (len <= info->rsdp_len)
		return 0;
	info->rsdp_len = min(len, sizeof(info->rsdp));
	memcpy(info->rsdp, p, info->rsdp_len);
	return 0;
}

/* @size: of the whole tag, already checked against the end. */
static int read_tag(u32 type, const u8 *tag, size_t size,
		    struct boot_info *info)
{
	const u8 *body = tag + sizeof(struct mb2_tag);
	size_t len = size - sizeof(struct mb2_tag);

	switch (type) {
	case TAG_CMDLINE:
		return read_cmdline(body, len, info);
	case TAG_LOADER:
		return read_loader(body, len, info);
	case TAG_MMAP:
		return read_mmap(tag, size, info);
	case TAG_FRAMEBUFFER:
		return read_framebuffer(tag, size, info);
	case TAG_ACPI_OLD:
	case TAG_ACPI_NEW:
		return read_rsdp(body, len, info);
	default:
		return 0;
	}
}

/*
 * info->where follows, so that an error says at which byte. Without an end tag
 * the structure is damaged, even if nothing is behind the last tag.
 */
static int read_tags(const u8 *base, size_t total, struct boot_info *info)
{
	struct mb2_tag tag;
	size_t at;
	int ret;

	for (at = sizeof(struct mb2_header);; at += ALIGN_UP(tag.size, 8u)) {
		info->where = at;
		if (at > total || total - at < sizeof(tag))
			return boot_bad(info, -EINVAL, "the tags do not end");
		memcpy(&tag, base + at, sizeof(tag));
		if (tag.size < sizeof(tag))
			return boot_bad(info, -EINVAL, "a tag is too small");
		if (tag.size > total - at)
			return boot_bad(info, -EINVAL,
					"a tag reaches past the end");
		if (tag.type == TAG_END)
			return 0;
		ret = read_tag(tag.type, base + at, tag.size, info);
		if (ret)
			return ret;
	}
}

int multiboot2_parse(const void *tags, size_t size, struct boot_info *info)
{
	struct mb2_header head;
	int ret;

	memset(info, 0, sizeof(*info));
	info->protocol = "multiboot2";
	if (size < sizeof(head))
		return boot_bad(info, -EINVAL, "no room for the header");
	memcpy(&head, tags, sizeof(head));
	if (head.total_size < sizeof(head) || head.total_size > size)
		return boot_bad(info, -EINVAL, "the total size cannot be true");
	ret = read_tags(tags, head.total_size, info);
	if (ret)
		return ret;
	if (!info->nr_regions)
		return boot_bad(info, -EINVAL, "there is no memory map");
	return 0;
}
