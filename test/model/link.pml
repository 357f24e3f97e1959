/*
 * One link between two KMAs, as docs/kx.md has it: blocks that modules hand over, the proofs that make them ready, pads that are burnt
 * and used, relays and their completions, crashes and lost connections. README.md says what it has and leaves out. A macro such as
 * BURN_AFTER_USE plants a bug.
 */
#include "link-state.pml"

/* A block at one end. */
proctype block(bit end; byte b) {
  byte slot;
endless:
  do
  /* The module hands it over; it is durable before it is acknowledged. */
  :: atomic {
      mem[AT(end, b)] == NONE && (waiting[b] == 0 || OWNER(b) == end || nfull(to[OTHER(end)])) ->
      if
      :: end == B && mayDiffer -> mayDiffer = false; differs[b] = 1
      :: end == B && mayDiffer -> mayDiffer = false; differs[b] = 2
      :: end == B && mayDiffer -> mayDiffer = false; differs[b] = 4
      :: true
      fi;
      mem[AT(end, b)] = RECEIVED;
#ifndef ACK_BEFORE_SYNC
      disk[AT(end, b)] = RECEIVED;
#endif
      acknowledged[AT(end, b)] = true;
      if
      :: OWNER(b) != end && waiting[b] != 0 ->
        judge(end, b, waiting[b] - 1);
        waiting[b] = 0
      :: else
      fi
    }
#ifdef ACK_BEFORE_SYNC
  :: atomic { mem[AT(end, b)] == RECEIVED && disk[AT(end, b)] == NONE -> disk[AT(end, b)] = RECEIVED }
#endif
#ifdef ANSWER_BEFORE_SYNC
  :: atomic { mem[AT(end, b)] == READY && disk[AT(end, b)] == RECEIVED -> disk[AT(end, b)] = READY }
#endif
#ifdef STORED_AGAIN
  /* The acknowledgement was lost, and the module hands it over again. */
  :: atomic {
      mayComeAgain && OWNER(b) == end && mem[AT(end, b)] == READY ->
      mayComeAgain = false;
      proposed[b] = false;
      mem[AT(end, b)] = RECEIVED;
      disk[AT(end, b)] = RECEIVED;
      burnt[AT(end, b)] = 0;
      next[AT(end, b)] = 0
    }
#endif
  :: atomic {
      OWNER(b) == end && mem[AT(end, b)] == RECEIVED && !proposed[b] && nfull(to[OTHER(end)]) ->
      proposed[b] = true;
      sign(end, b, PROPOSES);
      to[OTHER(end)]!PROPOSAL(b, TAG(end, b, PROPOSES), 0)
    }
  /* The mark goes ahead of use, by one unit or by more. */
#ifdef BURN_AFTER_USE
  :: atomic { burnt[AT(end, b)] < next[AT(end, b)] -> burnt[AT(end, b)] = next[AT(end, b)] }
#else
  :: atomic {
      MINE(end, b) && mem[AT(end, b)] == READY && burnt[AT(end, b)] < UNITS && WANTS_PAD(end) && !HAS_PAD(end) ->
      if
      :: burnt[AT(end, b)]++
      :: burnt[AT(end, b)] + 1 < UNITS -> burnt[AT(end, b)] = UNITS
      fi
    }
#endif
  od
}

/* What an end does with the messages that reach it. */
proctype receiver(bit end) {
  byte b, tag, number, key, pad, slot;
endless:
  do
  :: atomic {
      to[end]?[PROPOSAL, _, _, _] && nfull(to[OTHER(end)]) ->
      to[end]?PROPOSAL(b, tag, _);
      if
      :: mem[AT(end, b)] == NONE -> waiting[b] = tag + 1
      :: mem[AT(end, b)] == GONE -> to[OTHER(end)]!ANSWER(b, DIFFERS, 0)
      :: else -> judge(end, b, tag)
      fi;
      b = 0; tag = 0
    }
  :: atomic {
      to[end]?ANSWER(b, tag, _) ->
      /* A connection has one proposal of a block, so this is its answer. */
      assert(proposed[b] && mem[AT(end, b)] == RECEIVED);
      if
      :: AGREES(tag, TAG(end, b, ANSWERS)) -> mem[AT(end, b)] = READY; disk[AT(end, b)] = READY
      :: else -> mem[AT(end, b)] = GONE; disk[AT(end, b)] = GONE
      fi;
      b = 0; tag = 0
    }
  :: atomic {
      to[end]?RELAY(number, key, pad) ->
      receivePad(end);
      /* Property: no number stands for two keys. */
      assert(held[number] == 0 || held[number] == key);
      if
#ifndef RELAY_STORED_TWICE
      :: held[number] == key
#endif
      :: else ->
        held[number] = key;
        copies[number]++;
#ifndef COMPLETE_BEFORE_STORE
        heldOnDisk[number] = key;
#endif
      fi;
      /* Property: a relayed block is stored once. */
      assert(copies[number] <= 1);
      due[number] = true;
      number = 0; key = 0; pad = 0
    }
  :: atomic {
      to[end]?COMPLETION(number, _, pad) ->
      receivePad(end);
      if
      :: relay[number] == UNDER_WAY -> relay[number] = STORED
      :: else
      fi;
      /* Property: what was completed is not lost, and it is the same at both ends. */
      assert(relay[number] != STORED || heldOnDisk[number] == made[number]);
      number = 0; pad = 0
    }
  od
}

/* A relay from A, which has the key itself when it is completed. */
proctype source(byte number) {
  byte pad;
endless:
  do
  :: atomic {
      relay[number] == IDLE && (number == 0 || relay[number - 1] != IDLE) ->
      made[number]++;
      relay[number] = UNDER_WAY
    }
  :: atomic {
      relay[number] == UNDER_WAY && MAY_SEND(number) && HAS_PAD(A) && nfull(to[B]) ->
#ifdef SAME_PAD_ON_RETRY
      if
      :: firstPad[number] == 0 -> takePad(A); firstPad[number] = pad + 1
      :: else -> pad = firstPad[number] - 1; usePad(A)
      fi;
#else
      takePad(A);
#endif
      to[B]!RELAY(number, made[number], pad);
#ifdef NOT_SENT_AGAIN
      sent[number] = true;
#endif
#ifdef KEEP_BEFORE_COMPLETION
      relay[number] = STORED;
#endif
      pad = 0
    }
  :: atomic { relay[number] == UNDER_WAY && mayGiveUp -> mayGiveUp = false; relay[number] = FAILED }
  od
}

/* The same relay at B. */
proctype destination(byte number) {
  byte pad;
endless:
  do
  :: atomic {
      due[number] && HAS_PAD(B) && nfull(to[A]) ->
      due[number] = false;
      takePad(B);
      to[A]!COMPLETION(number, 0, pad);
      pad = 0
    }
#ifdef COMPLETE_BEFORE_STORE
  :: atomic { heldOnDisk[number] != held[number] -> heldOnDisk[number] = held[number] }
#endif
  od
}

proctype faults() {
  byte b, i, end;
  do
  :: d_step { faultsLeft > 0 -> faultsLeft--; reconnect(); b = 0; i = 0 }
  :: atomic {
      faultsLeft > 0 ->
      faultsLeft--;
      if
      :: end = A
      :: end = B
      fi;
      crash(end);
      reconnect();
      b = 0; i = 0; end = 0
    }
  /* From now on nothing fails, so that all that can go on does. */
  :: atomic { faultsLeft > 0 -> faultsLeft = 0 }
  /* Progress: where nothing is left to do, both ends agree on each block, and a relay waits for nothing but pad. */
  :: atomic {
      timeout ->
      for (b : 0 .. BLOCKS - 1) {
        assert(mem[AT(A, b)] == mem[AT(B, b)] || mem[AT(OWNER(b), b)] == GONE);
        assert(mem[AT(A, b)] == READY || differs[b] != 0)
      }
      for (b : 0 .. RELAYS - 1) {
        assert(relay[b] != UNDER_WAY || !HAS_PAD(A) || !HAS_PAD(B))
      }
      b = 0;
      break
    }
  od
}

init {
  byte b;
  atomic {
    for (b : 0 .. BLOCKS - 1) {
      run block(A, b);
      run block(B, b)
    }
    for (b : 0 .. RELAYS - 1) {
      run source(b);
      run destination(b)
    }
    run receiver(A);
    run receiver(B);
    run faults()
  }
}
