/*
 * What link.pml is about: the state of two ends and of the connection between them, and what an end does with it. A step of a process is
 * one atomic block: a crash before or after it is all that a crash in its midst could be, since messages go with the connection.
 */

#define A 0
#define B 1
/* Even numbers are in the direction of A, odd ones in that of B. Two or three blocks. */
#ifndef BLOCKS
#define BLOCKS 2
#endif
/* Pads of a block; the units that are spent on the proofs are not among them. */
#ifndef UNITS
#define UNITS 3
#endif
/* One or two. */
#ifndef RELAYS
#define RELAYS 2
#endif
/* Crashes of either end and lost connections, together. */
#ifndef FAULTS
#define FAULTS 2
#endif

#define OWNER(b) ((b) & 1)
#define OTHER(end) (1 - (end))
#define AT(end, b) ((end) * BLOCKS + (b))
#define UNIT(b, i) ((b) * UNITS + (i))

/* States of a block at one end. */
#define NONE 0
#define RECEIVED 1
#define READY 2
#define GONE 3

/* States of a relay at its source. */
#define IDLE 0
#define UNDER_WAY 1
#define STORED 2
#define FAILED 3

mtype = { PROPOSAL, ANSWER, RELAY, COMPLETION };
/* What is under way to each end, in order. */
chan to[2] = [2] of { mtype, byte, byte, byte };

/* Of each end and block: what the process holds for true, and what the disk has. */
byte mem[2 * BLOCKS];
byte disk[2 * BLOCKS];
/* Units below it are burnt, durably; the next to hand out. */
byte burnt[2 * BLOCKS];
byte next[2 * BLOCKS];
/* What the module may forget. */
bool acknowledged[2 * BLOCKS];
/* Units that the end which does not own them has seen used. */
bool seen[BLOCKS * UNITS];
/* A proposal for it is out on this connection; one that waits for the module, its tag plus one. */
bool proposed[BLOCKS];
byte waiting[BLOCKS];

byte relay[RELAYS];
/* Which key was made for the number, the first being 1. */
byte made[RELAYS];
/* What the destination holds under the number, what its disk has, and how often it has taken it in. */
byte held[RELAYS];
byte heldOnDisk[RELAYS];
byte copies[RELAYS];
/* A completion is to be sent. */
bool due[RELAYS];

/* What may still go wrong. */
byte faultsLeft = FAULTS;
bool mayDiffer = true;
bool mayGiveUp = true;

/* What nobody in the model knows, for the properties alone: in what the copies of a block differ, and which pads were used. */
byte differs[BLOCKS];
bool used[BLOCKS * UNITS];
/* By block, unit and its bits: the message that it authenticated. */
byte proved[BLOCKS * 4];
#ifdef STORED_AGAIN
bool mayComeAgain = true;
#endif
#ifdef SAME_PAD_ON_RETRY
byte firstPad[RELAYS];
#endif
#ifdef NOT_SENT_AGAIN
bool sent[RELAYS];
#define MAY_SEND(number) (!sent[number])
#else
#define MAY_SEND(number) true
#endif

/* In what the copy that B holds may differ from that of A: the key of the proposal, the key of the answer, the rest. */
#define BITS(end, b) ((end) == B -> differs[b] : 0)
#define KEY(end, b, role) ((BITS(end, b) >> (role)) & 1)
#define REST(end, b) (BITS(end, b) >> 2)
/* The roles of a proof, and the unit that keys it. */
#define PROPOSES 0
#define ANSWERS 1
#ifdef ONE_PROOF_KEY
#define KEYED_BY(role) 0
#else
#define KEYED_BY(role) (role)
#endif
/* A proof is its key and what it signs: two are the same when both are. */
#define TAG(end, b, role) (KEY(end, b, KEYED_BY(role)) * 2 + REST(end, b))
#define DIFFERS 4
#ifdef READY_WITHOUT_PROOF
#define AGREES(tag, expected) ((tag) != DIFFERS)
#else
#define AGREES(tag, expected) ((tag) == (expected))
#endif

#ifdef WRONG_DIRECTION
#define MINE(end, b) true
#else
#define MINE(end, b) (OWNER(b) == (end))
#endif
#ifdef BURN_AFTER_USE
#define UPTO(end, b) UNITS
#else
#define UPTO(end, b) burnt[AT(end, b)]
#endif
#define PAD(end, b) (MINE(end, b) && mem[AT(end, b)] == READY && next[AT(end, b)] < UPTO(end, b))
#if BLOCKS == 2
#define HAS_PAD(end) (PAD(end, 0) || PAD(end, 1))
#else
#define HAS_PAD(end) (PAD(end, 0) || PAD(end, 1) || PAD(end, 2))
#endif
#define WANTS_PAD(end) ((end) == A -> (relay[0] == UNDER_WAY || relay[RELAYS - 1] == UNDER_WAY) : (due[0] || due[RELAYS - 1]))

/* Property: a proof key signs one message only. */
inline sign(end, b, role) {
  slot = b * 4 + KEYED_BY(role) * 2 + KEY(end, b, KEYED_BY(role));
  assert(proved[slot] == 0 || proved[slot] == 1 + role * 2 + REST(end, b));
  proved[slot] = 1 + role * 2 + REST(end, b);
  slot = 0
}

/* A proposal for a block that is here and that this end does not own. There is room for an answer. */
inline judge(end, b, tag) {
  if
  :: AGREES(tag, TAG(end, b, PROPOSES)) ->
    mem[AT(end, b)] = READY;
#ifndef ANSWER_BEFORE_SYNC
    disk[AT(end, b)] = READY;
#endif
    sign(end, b, ANSWERS);
    to[OTHER(end)]!ANSWER(b, TAG(end, b, ANSWERS), 0)
  :: else ->
    mem[AT(end, b)] = GONE;
    disk[AT(end, b)] = GONE;
    to[OTHER(end)]!ANSWER(b, DIFFERS, 0)
  fi
}

/* The pad of a message, from the lowest block that has any. */
inline takePad(end) {
  pad = (PAD(end, 0) -> 0 : (PAD(end, 1) -> 1 : 2));
  next[AT(end, pad)]++;
  pad = UNIT(pad, next[AT(end, pad)] - 1);
  usePad(end)
}

/* Properties: a unit is used once, by its owner, and both ends hold the same bits. */
inline usePad(end) {
  assert(OWNER(pad / UNITS) == end);
  assert(!used[pad]);
  assert(differs[pad / UNITS] == 0);
  used[pad] = true
}

/* Property: what an honest end has sent is never refused. */
inline receivePad(end) {
  assert(mem[AT(end, pad / UNITS)] == READY && OWNER(pad / UNITS) != end && !seen[pad]);
  seen[pad] = true
}

/* The connection goes, with all that was under way and all that was said on it, and comes again. */
inline reconnect() {
  do
  :: nempty(to[A]) -> to[A]?_, _, _, _
  :: empty(to[A]) && nempty(to[B]) -> to[B]?_, _, _, _
  :: empty(to[A]) && empty(to[B]) -> break
  od;
  for (b : 0 .. BLOCKS - 1) {
#ifndef NOT_PROPOSED_AGAIN
    proposed[b] = false;
#endif
    waiting[b] = 0;
#ifndef BURN_AFTER_USE
    /* Property: what an end says it has seen used (holdings), the owner's disk has as burnt. With the bug it would end the search too soon. */
    for (i : 0 .. UNITS - 1) {
      assert(!seen[UNIT(b, i)] || i < burnt[AT(OWNER(b), b)])
    }
#endif
  }
}

/* All goes that is not on the disk. Marks of what the other end used may be there by now or not. */
inline crash(end) {
  for (b : 0 .. BLOCKS - 1) {
    mem[AT(end, b)] = disk[AT(end, b)];
    next[AT(end, b)] = burnt[AT(end, b)];
    /* Property: nothing that was acknowledged is lost. */
    assert(!acknowledged[AT(end, b)] || mem[AT(end, b)] != NONE);
    for (i : 0 .. UNITS - 1) {
      if
      :: OWNER(b) != end && seen[UNIT(b, i)] -> seen[UNIT(b, i)] = false
      :: true
      fi
    }
  }
  for (b : 0 .. RELAYS - 1) {
    if
    :: end == A && relay[b] == UNDER_WAY ->
#ifdef NUMBER_NOT_DURABLE
      relay[b] = IDLE
#else
      relay[b] = FAILED
#endif
    :: end == B -> due[b] = false; held[b] = heldOnDisk[b]
    :: else
    fi;
    /* Property: what was completed is not lost, and it is the same at both ends. */
    assert(relay[b] != STORED || heldOnDisk[b] == made[b])
  }
}
