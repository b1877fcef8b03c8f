/* SPDX-License-Identifier: MIT */
/*
 * The patch-safety laboratory: one load, one set of counters, five ways of
 * changing instructions that others execute.
 */
#pragma once

/*
 * lab_run() - mode=lab: patch under load by the method that poke=NAME names
 *
 * Prints a line "LAB<TAB>name<TAB>value" for each counter. A method that fails
 * is no failure of the laboratory: it is what it is for.
 * Context: task. Return: 0; -EINVAL no such method; -ENOMEM.
 */
int lab_run(void);
