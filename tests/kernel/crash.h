/* SPDX-License-Identifier: MIT */
/*
 * mode=crash crash=NAME: break the kernel in a chosen way, to see (and test)
 * what it says at its end.
 */
#pragma once

/*
 * Does not return if the crash works.
 * Context: task. Return: -EINVAL for an unknown name, which is listed among
 * the known ones; 0 from "nmi" when every CPU has had its NMI; -ETIMEDOUT if
 * nothing happened. No other code is returned.
 */
int crash_run(void);
