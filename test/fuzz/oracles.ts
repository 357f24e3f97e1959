import { isDeepStrictEqual } from 'node:util';
import type { Received, Talk, transitStep } from '../kx/codec-under-test.ts';
import { unitsOf } from '../kx/fault-vectors/setting.ts';
import { type Ends, naiveVerdict, type Verdict } from '../kx/naive-receiver.ts';
import { naiveTalk } from '../kx/naive-session.ts';
import type { Case } from './case.ts';

/** What is fuzzed: a connection over the frame reader, and the readers of messages. */
export type Target = {
  readonly talk: (chunks: readonly Uint8Array[]) => Talk;
  readonly verdict: (message: Received, ends: Ends) => Verdict;
  readonly transit: typeof transitStep;
  /** Pieces of shared memory that are in use. */
  readonly held: () => number;
};

const ends: Ends = { sender: 'A', receiver: 'B', units: unitsOf };
/** Processor time of one case, of which most take well below a millisecond: what a quadratic reader would need is far more. */
const CPU_MS = 250;
const PROTECTED = [0x1101, 0x1102, 0x1103, 0x1104];

/** @returns what is wrong with what the target makes of the case */
export function complaint(target: Target, { chunks, isGenuine }: Case): string | undefined {
  const began = process.threadCpuUsage();
  const held = target.held();
  let talk: Talk;
  let verdicts: Verdict[];
  try {
    talk = target.talk(chunks.map((chunk) => Buffer.from(chunk)));
    verdicts = talk.messages.map((message) => target.verdict(message, ends));
  } catch (thrown) {
    return `an exception escaped: ${thrown instanceof Error ? thrown.stack : String(thrown)}`;
  }
  const { user, system } = process.threadCpuUsage(began);
  if (user + system > CPU_MS * 1000) return `it took ${(user + system) / 1000} ms of processor time`;
  if (target.held() !== held) return `${target.held() - held} pieces of memory were not given back`;
  return (
    stream(talk, Buffer.concat(chunks)) ??
    messages(talk, verdicts, isGenuine) ??
    passedOn(target, talk, verdicts)
  );
}

function stream(talk: Talk, bytes: Buffer): string | undefined {
  const naive = naiveTalk(bytes);
  if ((talk.closed !== undefined) !== naive.closed)
    return `closed: ${talk.closed ?? 'no'}, and by the text: ${naive.closed}`;
  if (talk.messages.length !== naive.frames.length)
    return `${talk.messages.length} messages, and by the text ${naive.frames.length}`;
  const odd = talk.messages.findIndex(({ frame }, i) => !frame.equals(naive.frames[i]!));
  if (odd >= 0) return `message ${odd} has other bytes than it came with`;
  // Our greeting, and a pong for each ping.
  if (talk.sent.length !== 1 + naive.answered) return `${talk.sent.length} frames were sent`;
  return undefined;
}

function messages(
  talk: Talk,
  verdicts: readonly Verdict[],
  isGenuine: Case['isGenuine'],
): string | undefined {
  for (const [i, { command, frame }] of talk.messages.entries()) {
    const verdict = verdicts[i]!;
    const isSealed = PROTECTED.includes(command) && verdict.outcome === 'accepted';
    if (isSealed && !isGenuine(frame)) return `message ${i} passes for authentic`;
    const naive = naiveVerdict(command, frame, ends);
    if (!isDeepStrictEqual(verdict, naive))
      return `message ${i}: ${JSON.stringify(verdict)}, and by the text ${JSON.stringify(naive)}`;
  }
  return undefined;
}

/** Pad of the hop from B to C, as much as the longest message takes. */
const NEXT_PAD = Buffer.from(Array.from({ length: 40_000 }, (_, i) => (0x77 + 13 * i + (i >> 8)) & 255));
const onward: Ends = {
  sender: 'B',
  receiver: 'C',
  units: (rows) => NEXT_PAD.subarray(0, rows.reduce((sum, row) => sum + row[2]!, 0) * 32),
};

/** What goes on from B has to be to C what it was to B. */
function passedOn(target: Target, talk: Talk, verdicts: readonly Verdict[]): string | undefined {
  for (const [i, { command, frame }] of talk.messages.entries()) {
    if (command !== 0x1101 || verdicts[i]!.outcome !== 'accepted') continue;
    try {
      const went = target.transit(frame, ends.units, NEXT_PAD)?.frame;
      const verdict = went && naiveVerdict(command, went, onward);
      if (verdict !== undefined && !isDeepStrictEqual(verdict, verdicts[i]))
        return `message ${i} goes on as another: ${JSON.stringify(verdict)}, not ${JSON.stringify(verdicts[i])}`;
    } catch (thrown) {
      return `an exception escaped in transit: ${thrown instanceof Error ? thrown.stack : String(thrown)}`;
    }
  }
  return undefined;
}
