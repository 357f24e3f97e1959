import { randomBytes, randomUUID } from 'node:crypto';
import { type Check, fail, notAnswered, pass } from '../check.ts';
import type { Dialogue, Received } from '../dialogue.ts';
import { code, frame } from '../encode.ts';
import { type Probe, requestId } from '../probe.ts';
import { provoke, refusal, survival } from '../provoke.ts';

const clause = 'App. I, Figure I.1';
const DRIBBLES = 10;
const DRIBBLE_MS = 50;

/** The header and how messages lie in the stream. */
export const framingChecks: readonly Check[] = [
  {
    name: 'answer-header',
    title: 'answers have version 1, a code of Table I.1, their length, and a JSON object in UTF-8',
    clause,
    protocol: 'plain',
    needsKey: true,
    async run(probe) {
      const dialogue = await probe.open();
      const [heard] = await answers(probe, dialogue, 1);
      const rest = await dialogue.unfinished(probe.timeoutMs);
      if (rest > 0)
        return fail(`${rest} bytes came that make no message: is Length that of the payload alone?`);
      if (heard === undefined) return notAnswered('no answer came');
      if (heard.faults.length > 0) return fail(`the answer has ${heard.faults.join(', ')}`);
      return heard.command === code.completion
        ? pass('as it should be')
        : fail(`command code ${hex(heard.command)}`);
    },
  },
  {
    name: 'message-ids',
    title: 'each message has a message ID of its own',
    clause,
    protocol: 'plain',
    needsKey: true,
    async run(probe) {
      const heard = await answers(probe, await probe.open(), 3);
      if (heard.length < 3) return notAnswered(`${heard.length} of 3 answers came`);
      const ids = heard.map(({ id }) => id);
      return new Set(ids).size === 3
        ? pass(`message IDs ${ids.join(', ')}`)
        : fail(`message IDs ${ids.join(', ')}`);
    },
  },
  stream('byte-by-byte', 'a message that comes byte by byte is read', 1, async (dialogue, bytes) => {
    for (const byte of bytes) {
      dialogue.send(Buffer.from([byte]));
      await new Promise((resolve) => setImmediate(resolve));
    }
  }),
  stream('back-to-back', 'three messages in one piece are read', 3, async (dialogue, bytes) =>
    dialogue.send(bytes),
  ),
  bad('bad-version', 'another version is not taken', { version: 0x0200 }),
  bad('unknown-command', 'a command code of no table is not taken', { command: 0x1105 }),
  bad('foreign-command', 'a command code that is not from KM to KM is not taken', { command: 0x2101 }),
  bad('zero-length', 'a message without payload does no harm', { length: 0 }),
  {
    ...bad('private-command', 'a private command code is not taken where nothing was agreed on', {
      command: code.greeting,
    }),
    protocol: 'plain',
  },
  hanging('no-body', 'a long message that never comes does no harm', 0),
  hanging('slow-body', 'a long message that comes slowly does no harm', DRIBBLES),
  {
    name: 'half-header',
    title: 'half a header and silence do no harm',
    clause,
    hostile: true,
    async run(probe) {
      const dialogue = await probe.open();
      dialogue.send(frame({ command: code.completion }, '{}').subarray(0, 5));
      return beside(probe, dialogue);
    },
  },
  {
    name: 'garbage',
    title: 'random bytes do no harm',
    clause,
    hostile: true,
    async run(probe) {
      // The first byte is never that of a version 1.
      const junk = Buffer.concat([Buffer.from([0xff]), randomBytes(20_000)]);
      return survival({ ...(await provoke(probe, () => junk, '')), response: undefined });
    },
  },
  {
    name: 'truncated',
    title: 'a message cut short by the end of the connection is not taken',
    clause,
    protocol: 'plain',
    needsKey: true,
    hostile: true,
    async run(probe) {
      const request = randomUUID();
      const dialogue = await probe.open();
      const whole = frame({ id: 1, command: code.relay }, await probe.relay({ request }));
      dialogue.send(whole.subarray(0, whole.length - 1));
      dialogue.end();
      const completed = await probe.completion(dialogue, request);
      if (typeof completed === 'string') return pass('not answered');
      const afterwards = dialogue.closed ? 'closed' : 'went on';
      return refusal({ response: completed.response, usual: await probe.baseline(), afterwards });
    },
  },
];

async function answers(probe: Probe, dialogue: Dialogue, count: number): Promise<Received[]> {
  const heard: Received[] = [];
  for (let i = 0; i < count; i++) {
    dialogue.send(frame({ id: dialogue.nextId(), command: code.relay }, await probe.relay()));
    const one = await dialogue.answer(probe.timeoutMs);
    if (typeof one === 'string') break;
    heard.push(one);
  }
  return heard;
}

function stream(
  name: string,
  title: string,
  count: number,
  send: (dialogue: Dialogue, bytes: Buffer) => Promise<void>,
): Check {
  return {
    name,
    title,
    clause,
    protocol: 'plain',
    needsKey: true,
    async run(probe) {
      if ((await probe.baseline()) === undefined) return notAnswered('nor is a message in one piece');
      const dialogue = await probe.open();
      const requests = Array.from({ length: count }, () => randomUUID());
      const frames: Buffer[] = [];
      for (const request of requests)
        frames.push(frame({ id: dialogue.nextId(), command: code.relay }, await probe.relay({ request })));
      await send(dialogue, Buffer.concat(frames));
      const missing = new Set<unknown>(requests);
      while (missing.size > 0) {
        const heard = await dialogue.next(probe.timeoutMs);
        if (heard === 'closed') return fail('it closed the connection');
        if (heard === 'silence') return fail(`${missing.size} of ${count} not answered`);
        if (heard.command !== code.completion) continue;
        // One without request ID answers one of them.
        missing.delete(heard.members.get(requestId) ?? missing.values().next().value);
      }
      return pass(count === 1 ? 'answered' : 'all answered');
    },
  };
}

/** A frame whose payload is good and whose header is not. */
function bad(
  name: string,
  title: string,
  fields: { version?: number; command?: number; length?: number },
): Check {
  return {
    name,
    title,
    clause: fields.command === undefined ? clause : 'App. I, Table I.1',
    hostile: true,
    async run(probe) {
      const request = randomUUID();
      const mayHoldKey = probe.options.protocol === 'plain' && probe.options.unprotectedKey;
      const payload =
        mayHoldKey && fields.length === undefined ? await probe.relay({ request }) : Buffer.from('{}');
      const body = fields.length === 0 ? '' : payload;
      const outcome = await provoke(
        probe,
        (dialogue) => frame({ id: dialogue.nextId(), command: code.relay, ...fields }, body),
        request,
      );
      return refusal(outcome);
    },
  };
}

function hanging(name: string, title: string, dribbles: number): Check {
  return {
    name,
    title,
    clause,
    hostile: true,
    async run(probe) {
      const dialogue = await probe.open();
      dialogue.send(frame({ id: dialogue.nextId(), command: code.completion, length: 65_535 }, '{'));
      for (let i = 0; i < dribbles && !dialogue.closed; i++) {
        dialogue.send(Buffer.from(' '));
        await new Promise((resolve) => setTimeout(resolve, DRIBBLE_MS));
      }
      return beside(probe, dialogue);
    },
  };
}

// The bad connection is left as it is while a good one is tried.
async function beside(probe: Probe, dialogue: Dialogue) {
  const why = await probe.serves();
  if (why !== undefined) return fail(`meanwhile a good connection is not served: ${why}`);
  return pass(`a good connection is served${dialogue.closed ? '; this one was closed' : ' beside it'}`);
}

function hex(value: number): string {
  return `0x${value.toString(16).padStart(4, '0')}`;
}
