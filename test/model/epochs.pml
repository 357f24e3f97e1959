/*
 * Epochs of one direction of a link (docs/kx.md, link blocks): A owns the blocks and lays each into an epoch, B answers its proposals.
 * README.md says what it has and leaves out. A macro such as EPOCH_UNCHECKED plants a bug.
 */

#define BLOCKS 3
/* How much may happen that is out of the ordinary: see where `left` is counted down. */
#ifndef TROUBLES
#define TROUBLES 3
#endif
/* No epoch, and no proposal. */
#define NOTHING BLOCKS

/* States of a block at one end. */
#define NONE 0
#define RECEIVED 1
#define READY 2
#define GONE 3

/* Which proof of a block B cannot make as A does. */
#define PROPOSAL_TAG 1
#define ANSWER_TAG 2

mtype = { READY_SAME, READY_OTHER, DIFFERS, UNKNOWN_EPOCH };
/* Block and epoch; verdict and block. */
chan proposals = [3] of { byte, byte };
chan answers = [3] of { mtype, byte };

/* At A, durably: the blocks, their epochs, the ID secrets (a bit each), the epoch last agreed on. */
byte own[BLOCKS] = RECEIVED;
byte ownEpoch[BLOCKS];
byte ownSecrets;
byte newest = NOTHING;
/* At A, while the connection stands: the epoch of the open proposal, whether there was more than one, the epoch that is being proposed. */
byte open[BLOCKS] = NOTHING;
byte fixed[BLOCKS] = NOTHING;
byte candidate = NOTHING;

/* At B, durably. */
byte theirs[BLOCKS];
byte theirEpoch[BLOCKS];
byte theirSecrets;
/* At B: proposals that wait for the module; blocks that it has seen used. */
byte waiting[BLOCKS] = NOTHING;
bool seen[BLOCKS];

byte left = TROUBLES;

byte differs[BLOCKS];
/* ID secrets that B has lost. */
byte lost;
#ifdef EPOCH_IN_PROOF
/* What the key of the proposal has signed. */
byte proved[BLOCKS] = NOTHING;
#endif

#define MAY_PROPOSE(b) (own[b] == RECEIVED && open[b] == NOTHING && fixed[b] == NOTHING && nfull(proposals))
#define MAY_REPEAT(b) (left > 0 && open[b] != NOTHING && nfull(proposals))
#define HAS(secrets, epoch) (((secrets) >> (epoch)) & 1)

inline propose(epoch) {
#ifdef EPOCH_IN_PROOF
  /* Property: a proof key signs one message only. */
  assert(proved[b] == NOTHING || proved[b] == epoch);
  proved[b] = epoch;
#endif
  proposals!b, epoch
}

/* An answer does not say to which of two proposals it is one: a block that was proposed twice keeps its epoch while the connection stands. */
inline answered() {
  open[b] = NOTHING;
#ifdef EPOCH_CHANGES
  fixed[b] = NOTHING
#endif
}

/* B does not hold this ID secret: blocks of its epoch could not be found there. */
inline forget(epoch) {
  candidate = (candidate == epoch -> NOTHING : candidate);
  if
  :: HAS(ownSecrets, epoch) ->
    ownSecrets = ownSecrets & ~(1 << epoch);
    newest = (HAS(ownSecrets, 2) -> 2 : (HAS(ownSecrets, 1) -> 1 : (HAS(ownSecrets, 0) -> 0 : NOTHING)));
    own[0] = (own[0] == READY && ownEpoch[0] == epoch -> GONE : own[0]);
    own[1] = (own[1] == READY && ownEpoch[1] == epoch -> GONE : own[1]);
    own[2] = (own[2] == READY && ownEpoch[2] == epoch -> GONE : own[2])
  :: else
  fi
}

proctype owner() {
  byte b, epoch;
  mtype verdict;
endless:
  do
  :: atomic {
      if
      :: MAY_PROPOSE(0) -> b = 0
      :: MAY_PROPOSE(1) -> b = 1
      :: MAY_PROPOSE(2) -> b = 2
      fi;
      epoch = (newest != NOTHING -> newest : (candidate != NOTHING -> candidate : b));
      candidate = epoch;
      open[b] = epoch;
      propose(epoch);
      b = 0; epoch = 0
    }
  /* Unanswered for long. */
  :: atomic {
      if
      :: MAY_REPEAT(0) -> b = 0
      :: MAY_REPEAT(1) -> b = 1
      :: MAY_REPEAT(2) -> b = 2
      fi;
      left--;
      epoch = open[b];
#ifdef NEW_EPOCH_ON_REPEAT
      epoch = (newest != NOTHING -> newest : b);
      open[b] = epoch;
#else
      fixed[b] = epoch;
#endif
      propose(epoch);
      b = 0; epoch = 0
    }
  :: atomic {
      answers?verdict, b ->
      epoch = open[b];
      if
      :: epoch == NOTHING || own[b] != RECEIVED
      :: epoch != NOTHING && own[b] == RECEIVED && (verdict == DIFFERS || verdict == READY_OTHER) ->
        own[b] = GONE;
        answered()
      :: epoch != NOTHING && own[b] == RECEIVED && verdict == UNKNOWN_EPOCH ->
        answered();
        forget(epoch)
      :: epoch != NOTHING && own[b] == RECEIVED && verdict == READY_SAME ->
        answered();
        if
        /* The blocks are in doubt now; they are proposed again when they are not. */
        :: left > 0 -> left--
#ifndef EPOCH_UNCHECKED
        /* The block that began the epoch is not agreed on here. */
        :: epoch != b && !HAS(ownSecrets, epoch) -> candidate = (candidate == epoch -> NOTHING : candidate)
        :: epoch == b || HAS(ownSecrets, epoch) ->
#else
        :: true ->
#endif
          own[b] = READY;
          ownEpoch[b] = epoch;
          if
          :: epoch == b -> ownSecrets = ownSecrets | (1 << b); newest = b
          :: else
          fi
        fi
      fi;
      b = 0; epoch = 0; verdict = 0
    }
  /* Property: a block that key is taken from lies in an epoch whose ID secret both ends hold. */
  :: atomic {
      if
      :: own[0] == READY && !seen[0] -> b = 0
      :: own[1] == READY && !seen[1] -> b = 1
      :: own[2] == READY && !seen[2] -> b = 2
      fi;
      assert(HAS(ownSecrets, ownEpoch[b]));
      assert(theirs[b] == GONE || HAS(lost, ownEpoch[b]) || (theirs[b] == READY && theirEpoch[b] == ownEpoch[b] && HAS(theirSecrets, ownEpoch[b])));
      seen[b] = true;
      b = 0
    }
  /* By command, by age, or because the disk has damaged it. */
  :: atomic {
      if
      :: left > 0 && own[0] != GONE -> own[0] = GONE
      :: left > 0 && own[1] != GONE -> own[1] = GONE
      fi;
      left--
    }
  od
}

/* A proposal for a block that is here. There is room for the answer. */
inline judge(b, epoch) {
  if
  :: differs[b] == PROPOSAL_TAG -> theirs[b] = GONE; answers!DIFFERS, b
  :: differs[b] != PROPOSAL_TAG && epoch != b && !HAS(theirSecrets, epoch) -> answers!UNKNOWN_EPOCH, b
  :: differs[b] != PROPOSAL_TAG && (epoch == b || HAS(theirSecrets, epoch)) ->
    if
    :: theirs[b] == READY && (theirEpoch[b] == epoch || seen[b])
    :: theirs[b] == RECEIVED || (theirEpoch[b] != epoch && !seen[b]) ->
      if
      /* Its unit is an ordinary one again. */
      :: theirs[b] == READY && theirEpoch[b] == b -> theirSecrets = theirSecrets & ~(1 << b)
      :: else
      fi;
      theirs[b] = READY;
      theirEpoch[b] = epoch;
      theirSecrets = (epoch == b -> theirSecrets | (1 << b) : theirSecrets)
    fi;
    if
    :: differs[b] == ANSWER_TAG -> answers!READY_OTHER, b
    :: else -> answers!READY_SAME, b
    fi
  fi
}

proctype other() {
  byte b, epoch;
endless:
  do
  :: atomic {
      if
      :: theirs[0] == NONE && nfull(answers) -> b = 0
      :: theirs[1] == NONE && nfull(answers) -> b = 1
      :: theirs[2] == NONE && nfull(answers) -> b = 2
      fi;
      theirs[b] = RECEIVED;
      if
      :: left > 0 -> left--; differs[b] = PROPOSAL_TAG
      :: left > 0 -> left--; differs[b] = ANSWER_TAG
      :: true
      fi;
      if
      :: waiting[b] != NOTHING -> epoch = waiting[b]; waiting[b] = NOTHING; judge(b, epoch)
      :: else
      fi;
      b = 0; epoch = 0
    }
  /* It keeps the newest only, and a disk may damage one. */
  :: atomic { left > 0 && HAS(theirSecrets, 0) -> left--; theirSecrets = theirSecrets & ~1; lost = lost | 1 }
  :: atomic {
      nempty(proposals) && nfull(answers) ->
      proposals?b, epoch;
      if
      :: theirs[b] == NONE -> waiting[b] = epoch
      :: theirs[b] == GONE -> answers!DIFFERS, b
      :: theirs[b] == RECEIVED || theirs[b] == READY -> judge(b, epoch)
      fi;
      b = 0; epoch = 0
    }
  od
}

/* The connection goes, or either end with it: all that matters here is on the disk. */
proctype faults() {
  byte b;
  do
  :: d_step {
      left > 0 ->
      left--;
      do
      :: nempty(proposals) -> proposals?_, _
      :: empty(proposals) && nempty(answers) -> answers?_, _
      :: empty(proposals) && empty(answers) -> break
      od;
      for (b : 0 .. BLOCKS - 1) {
        open[b] = NOTHING;
        fixed[b] = NOTHING;
        waiting[b] = NOTHING
      }
      candidate = NOTHING;
      b = 0
    }
  /* Progress: where nothing is left to do, a block is ready at both ends or done with, or waits for the next connection. */
  :: atomic {
      timeout ->
      for (b : 0 .. BLOCKS - 1) {
        assert(own[b] == READY || own[b] == GONE || (own[b] == RECEIVED && fixed[b] != NOTHING))
      }
      b = 0;
      break
    }
  od
}

init {
  atomic {
    run owner();
    run other();
    run faults()
  }
}
