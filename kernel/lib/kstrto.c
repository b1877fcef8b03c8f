// SPDX-License-Identifier: MIT
/*
 * Strict text to number conversion.
 *
 * Owns nothing.  Pure.  One function parses magnitudes; all others narrow its
 * result.
 */
#include "kernel/lib/ctype.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/kstrto.h"

/* Skips a prefix that the base allows, and resolves base 0. */
static const char *base_prefix(const char *s, unsigned int *base)
{
	bool hex = s[0] == '0' && tolower(s[1]) == 'x';

	if (*base == 0)
		*base = hex ? 16 : s[0] == '0' ? 8 : 10;
	return hex && *base == 16 ? s + 2 : s;
}

/* Parses the digits at @s; *end points behind the last one. */
static int parse_digits(const char *s, unsigned int base, u64 *res,
			const char **end)
{
	const char *first = s;
	u64 value = 0;
	bool fits = true;

	for (; digit_value(*s) < base; s++) {
		fits &= !__builtin_mul_overflow(value, (u64)base, &value);
		fits &= !__builtin_add_overflow(value, (u64)digit_value(*s),
						&value);
	}
	*end = s;
	if (s == first)
		return -EINVAL;
	*res = value;
	return fits ? 0 : -ERANGE;
}

int kstrtoull(const char *s, unsigned int base, u64 *res)
{
	const char *end;
	u64 value;
	int err;

	if (*s == '+')
		s++;
	s = base_prefix(s, &base);
	err = parse_digits(s, base, &value, &end);
	if (*end == '\n')
		end++;
	if (*end)
		return -EINVAL;
	if (!err)
		*res = value;
	return err;
}

int kstrtoll(const char *s, unsigned int base, s64 *res)
{
	bool negative = *s == '-';
	u64 value;
	int err;

	if (negative && s[1] == '+')
		return -EINVAL;
	err = kstrtoull(s + negative, base, &value);
	if (err)
		return err;
	if (value > (u64)LLONG_MAX + negative)
		return -ERANGE;
	*res = (s64)(negative ? -value : value);
	return 0;
}

int kstrtoul(const char *s, unsigned int base, unsigned long *res)
{
	u64 value;
	int err = kstrtoull(s, base, &value);

	if (!err)
		*res = value;
	return err;
}

int kstrtobool(const char *s, bool *res)
{
	switch (s[0]) {
	case 'y':
	case 'Y':
	case '1':
		*res = true;
		return 0;
	case 'n':
	case 'N':
	case '0':
		*res = false;
		return 0;
	case 'o':
	case 'O':
		break;
	default:
		return -EINVAL;
	}
	if (tolower(s[1]) != 'n' && tolower(s[1]) != 'f')
		return -EINVAL;
	*res = tolower(s[1]) == 'n';
	return 0;
}
