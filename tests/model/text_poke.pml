/* SPDX-License-Identifier: MIT */
/*
 * Model of arch/x86_64/patch/text_poke*: one site, NBATCH batches one after the
 * other, NCPU processors that pass the site all the time, NMIs included.
 *
 * A processor executes from an instruction buffer. It may load each part of
 * the site (first byte; tail) into it at any time, in any order, and may keep
 * what it has for ever, until it serialises. So a processor may put a first
 * byte and a tail of different ages together: that is what the protocol must
 * make impossible, and more than any real processor is known to do. An INT3 in
 * the buffer may even outlive that: so it does in QEMU. HARDWARE, defined,
 * makes serialising drop it.
 *
 * The NMI is a process of its own that stops its processor while it runs, and
 * shares its buffer and its count of references.
 *
 * The bytes of version v are (v, v). CC is INT3. A processor serialises when
 * it takes the synchronising interrupt, which it does only between two
 * instructions with interrupts on: not in the INT3 handler and not in an NMI.
 *
 * Checked:
 *   I1	nobody executes a first byte of one version with a tail of another
 *   I2	who passes the site gets exactly one version: none newer than the last
 *	one begun, and none older than the last one whose INT3 all processors
 *	were known to see before he came
 *   I4	nobody reads a vector that has been given up
 *
 * Each of these, defined, takes one part away; tests/test_patch_model.py says
 * what must follow:
 *   NO_SYNC1 NO_SYNC2 NO_SYNC3	a round of synchronisation
 *   NO_REFS	the wait for handlers that hold a reference
 *   NO_SEQ	the second look at the sequence, where bytes are read
 *   NO_RECHECK	the second look at it, after taking a reference
 *   HEAD_FIRST	the order of tail and first byte
 *   EMULATE_OLD	emulating the new instruction
 *   NO_LATE	resolving a late INT3 by the bytes
 */
#ifndef NCPU			/* the smallest that shows everything */
#define NCPU 2
#endif
#ifndef NBATCH
#define NBATCH 2
#endif
#define CC   9
#define NONE 8

byte head = 0, tail = 0;	/* memory */
byte seq = 0;			/* odd: a batch is live */
byte vec = NONE;		/* its new version; NONE: given up */
byte refs[NCPU];		/* handlers that hold the vector */
byte round = 0;			/* synchronisation: asked for */
byte ack[NCPU];			/* and answered */
byte begun = 0, sure = 0;	/* versions; for the checks only */
bool over = false;

/* ---- a processor: its buffer, shared with the NMI that interrupts it ---- */

byte bh[NCPU], bt[NCPU];
bool in_nmi[NCPU];

/* The INT3 handler, vector part. */
inline try_batch()
{
#ifndef NO_REFS
	refs[me]++;
#endif
	if
#ifndef NO_RECHECK
	:: seq != s -> skip
	:: seq == s ->
#else
	:: true ->
#endif
		held = vec;				/* the pointer */
		assert(held != NONE && vec == held);	/* I4, when used */
#ifdef EMULATE_OLD
		got = held - 1
#else
		got = held
#endif
	fi;
#ifndef NO_REFS
	refs[me]--;
#endif
	held = 0
}

/* The INT3 handler, bytes part. */
inline try_bytes()
{
#ifdef NO_LATE
	assert(false);			/* nobody's INT3 */
#endif
	got = head;
	held = tail;
	if
#ifndef NO_SEQ
	:: seq != s -> got = NONE
	:: seq == s ->
#else
	:: true ->
#endif
		assert(got != CC);	/* taken for somebody else's INT3 */
		assert(got == held)	/* I1 */
	fi;
	held = 0
}

/* The INT3 handler. from: the oldest version allowed when the trap came. */
inline int3()
{
	from = sure;
	do
	:: got != NONE -> break
	:: got == NONE ->
		s = seq;
		if
		:: s % 2 == 1 -> try_batch()
		:: s % 2 == 0 -> try_bytes()
		fi
	od;
	atomic {
		assert(from <= got && got <= begun);	/* I2 */
		s = 0;
		got = NONE;
		from = 0
	}
}

/* One of the two parts into the buffer; or pass the site, by the buffer. */
#define FETCH_OR_PASS							\
	:: bh[me] != head -> bh[me] = head				\
	:: bt[me] != tail -> bt[me] = tail				\
	:: bh[me] == CC -> int3()					\
	:: atomic {							\
		bh[me] < NONE && bt[me] < NONE ->			\
			assert(bh[me] == bt[me]);	/* I1 */	\
			assert(sure <= bh[me]);	/* I2 */	\
			assert(bh[me] <= begun)				\
	   }

proctype processor(byte me) provided (!in_nmi[me])
{
	byte from, s, got = NONE, held;

	do
	FETCH_OR_PASS
	:: atomic {			/* the synchronising interrupt */
		ack[me] != round ->
			if
			:: bh[me] = NONE
#ifndef HARDWARE
			:: bh[me] == CC -> skip	/* a late INT3 */
#endif
			fi;
			bt[me] = NONE;
			ack[me] = round
	   }
	:: over -> break
	od
}

/* What the NMI's handler calls passes the site too: at any moment. */
proctype nmi(byte me)
{
	byte from, s, got = NONE, held;

	in_nmi[me] = true;
	do
	FETCH_OR_PASS
	:: true -> break
	od;
	in_nmi[me] = false
}

/* ---- the patcher ---- */

inline sync_all()
{
	round++;
	i = 0;
	do
	:: i == NCPU -> break
	:: else -> ack[i] == round -> i++
	od;
	i = 0
}

inline drain()
{
	i = 0;
	do
	:: i == NCPU -> break
	:: else -> refs[i] == 0 -> i++
	od;
	i = 0
}

proctype patcher()
{
	byte i, version = 1;

	do
	:: version > NBATCH -> break
	:: else ->
		atomic { vec = version; begun = version }
		seq++;
		head = CC;
#ifndef NO_SYNC1
		sync_all();
#endif
		sure = version;
#ifdef HEAD_FIRST
		head = version;
#else
		tail = version;
#endif
#ifndef NO_SYNC2
		sync_all();
#endif
#ifdef HEAD_FIRST
		tail = version;
#else
		head = version;
#endif
#ifndef NO_SYNC3
		sync_all();
#endif
		seq++;
#ifndef NO_REFS
		drain();
#endif
		vec = NONE;
		version++
	od;
	over = true
}

init {
	byte c = 0;

	atomic {
		do
		:: c == NCPU -> break
		:: else ->
			bh[c] = NONE;
			bt[c] = NONE;
			run processor(c);
			c++
		od;
#ifndef NO_NMI
		run nmi(0);
#endif
		run patcher()
	}
}
