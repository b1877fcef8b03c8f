// SPDX-License-Identifier: MIT
/*
 * Host fake of kernel/base/{slab,page}.c: each allocation is one of the C
 * library's, so the address sanitizer sees every overrun, double free and
 * leak, and failure injection works as in the kernel.
 */
#include "kernel/base/fail.h"
#include "kernel/base/page.h"
#include "kernel/base/slab.h"
#include "kernel/lib/string.h"
#include "tests/host/host.h"

size_t host_live, host_alloc_max = ~0UL;

void *kmalloc(size_t size)
{
	void *p;

	if (!size || size > host_alloc_max || should_fail_alloc())
		return NULL;
	p = host_malloc(size);
	host_live += p != NULL;
	return p;
}

void *kzalloc(size_t size)
{
	void *p = kmalloc(size);

	return p ? memset(p, 0, size) : NULL;
}

void *kcalloc(size_t n, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(n, size, &bytes))
		return NULL;
	return kzalloc(bytes);
}

void *krealloc(void *p, size_t size)
{
	void *grown;

	if (!size || should_fail_alloc())
		return NULL;
	grown = host_realloc(p, size);
	host_live += !p && grown;
	return grown;
}

void kfree(const void *p)
{
	host_live -= p != NULL;
	host_free((void *)p);
}

unsigned int page_order(size_t size)
{
	unsigned int order = 0;

	while (PAGE_SIZE << order < size)
		order++;
	return order;
}

void *alloc_pages(unsigned int order)
{
	void *p;

	if (should_fail_alloc())
		return NULL;
	p = host_aligned_alloc(PAGE_SIZE << order, PAGE_SIZE << order);
	host_live += p != NULL;
	return p;
}

void *alloc_pages_zeroed(unsigned int order)
{
	void *p = alloc_pages(order);

	return p ? memset(p, 0, PAGE_SIZE << order) : NULL;
}

void free_pages(void *p, unsigned int order)
{
	(void)order;
	host_live -= p != NULL;
	host_free(p);
}
