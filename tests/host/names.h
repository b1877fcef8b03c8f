/* SPDX-License-Identifier: MIT */
/*
 * Included before everything in a host build (-include): our own string and
 * printf functions get names that do not collide with the C library's, which
 * the test frame and the sanitizers go on using.
 */
#pragma once

#define memcpy	  nop5_memcpy
#define memmove	  nop5_memmove
#define memset	  nop5_memset
#define memcmp	  nop5_memcmp
#define memchr	  nop5_memchr
#define strlen	  nop5_strlen
#define strnlen	  nop5_strnlen
#define strcmp	  nop5_strcmp
#define strncmp	  nop5_strncmp
#define strchr	  nop5_strchr
#define strrchr	  nop5_strrchr
#define strstr	  nop5_strstr
#define strspn	  nop5_strspn
#define strcspn	  nop5_strcspn
#define strsep	  nop5_strsep
#define vsnprintf nop5_vsnprintf
#define snprintf  nop5_snprintf
