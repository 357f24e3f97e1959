import { type Flaw, naiveTalk } from '../kx/naive-session.ts';
import { resealed } from './case.ts';
import type { Target } from './oracles.ts';

type Verdict = ReturnType<Target['verdict']>;
type Message = Parameters<Target['verdict']>[0];
type Canary = (sound: Target) => Target;

/** A reader that mends what it should refuse: what is malformed is tried again as `mend` makes it. */
function lenient(mend: (text: string) => string): Canary {
  return (sound) => ({
    ...sound,
    verdict: (message, ends) => {
      const verdict = sound.verdict(message, ends);
      if (verdict.outcome !== 'malformed') return verdict;
      return sound.verdict(withPayload(message, mend(message.frame.toString('latin1', 10))), ends);
    },
  });
}

function withPayload(message: Message, text: string): Message {
  const payload = Buffer.from(text.slice(0, 0xffff), 'latin1');
  const frame = Buffer.concat([message.frame.subarray(0, 10), payload]);
  frame.writeUInt16BE(payload.length, 8);
  return { ...message, frame };
}

/** A reader that is content with less than a right tag: what is not authentic is tried again as `mend` makes it, then with a right tag. */
function trusting(isContent: (came: Buffer, right: Buffer) => boolean): Canary {
  return (sound) => ({
    ...sound,
    verdict: (message, ends) => {
      const verdict = sound.verdict(message, ends);
      if (verdict.outcome !== 'not_authentic') return verdict;
      const right = resealed(message.frame);
      return isContent(message.frame, right) ? sound.verdict({ ...message, frame: right }, ends) : verdict;
    },
  });
}

const framing =
  (flaw: Flaw): Canary =>
  (sound) => ({
    ...sound,
    talk: (chunks) => {
      const talk = sound.talk(chunks);
      const { frames, answered, closed } = naiveTalk(Buffer.concat(chunks), flaw);
      const messages = frames.map((frame) => ({
        command: frame.readUInt16BE(6),
        messageId: frame.readUInt32BE(2),
        frame,
      }));
      const sent = Array<Buffer>(1 + answered).fill(Buffer.alloc(0));
      return { ...talk, messages, sent, closed: closed ? 'closed' : undefined };
    },
  });

/** A reader that sees other values than there are. */
const seeing =
  (change: (seen: Record<string, unknown>, text: string) => void): Canary =>
  (sound) => ({
    ...sound,
    verdict: (message, ends) => {
      const verdict = sound.verdict(message, ends);
      if (verdict.outcome !== 'accepted') return verdict;
      const seen = structuredClone(verdict.seen) as Record<string, unknown>;
      change(seen, message.frame.toString('latin1', 10));
      return { outcome: 'accepted', seen };
    },
  });

const before =
  (act: (text: string) => void): Canary =>
  (sound) => ({
    ...sound,
    verdict: (message, ends): Verdict => {
      act(message.frame.toString('latin1', 10));
      return sound.verdict(message, ends);
    },
  });

const parsed = (text: string): string => {
  try {
    return Buffer.from(JSON.stringify(JSON.parse(Buffer.from(text, 'latin1').toString()))).toString('latin1');
  } catch {
    return text;
  }
};

const lastLetters = (tag: Buffer) => Buffer.from(tag.toString('latin1'), 'base64');
const tagOf = (frame: Buffer) => lastLetters(frame.subarray(frame.indexOf('"tag":"') + 7).subarray(0, 24));
const SEEN_AS: Readonly<Record<string, string>> = {
  sourcekmaid: 'source',
  destinationkmaid: 'destination',
  keyrelayrequestid: 'request',
  response: 'response',
};
const leaked: Buffer[] = [];
const kept = { count: 0 };

/** Bugs as they happen, each of which the fuzzer has to find within its ordinary number of cases. */
export const canaries: Readonly<Record<string, Canary>> = {
  'takes a member twice': lenient(parsed),
  'takes a byte order mark': lenient((text) => text.replace(/^\xef\xbb\xbf/, '')),
  'takes what stands behind the object': lenient((text) => text.slice(0, text.lastIndexOf('}') + 1)),
  'takes invalid UTF-8': lenient((text) => text.replace(/[\x80-\xff]/g, '?')),
  'takes control characters in strings': lenient((text) =>
    Array.from(text, (letter) => (letter < ' ' ? '?' : letter)).join(''),
  ),
  'takes leading zeros and plus signs': lenient((text) => text.replace(/([[:,])[0+](?=\d)/g, '$1')),
  'takes a comma before the end': lenient((text) => text.replace(/,([\]}])/g, '$1')),
  'takes any escape': lenient((text) => text.replace(/\\(?!["\\/bfnrt]|u[\da-f]{4})/gi, '')),
  'takes 17 levels': lenient((text) => text.replace('[]', '0').replace(/\[([^[\]]*)\]/, '$1')),
  'takes 65 characters for an ID': lenient((text) => text.replace('x'.repeat(65), 'x'.repeat(64))),
  'takes a number of 64 characters': lenient((text) => text.replace('1'.repeat(64), '1')),
  'takes bits that no byte of base64 uses': lenient((text) =>
    text.replace(
      /"([\w+/]{10,}={1,2})"/g,
      (_, key: string) => `"${Buffer.from(key, 'base64').toString('base64')}"`,
    ),
  ),
  'takes the URL alphabet of base64': lenient((text) =>
    text.replace(/"key":"[^"]*"/g, (key) => key.replaceAll('-', '+').replaceAll('_', '/')),
  ),
  'takes an empty text': lenient((text) => text.replaceAll('""', '"x"')),
  'takes one byte too many for the payload': framing('length'),
  'counts the header with the length': framing('length with header'),
  'looks at the second byte of the version alone': framing('version'),
  'takes any command': framing('command'),
  'takes a message ID twice': framing('same ID'),
  'takes a second greeting': framing('greeting twice'),
  'loses a byte when a chunk ends within a header': (sound) => ({
    ...sound,
    talk: (chunks) => sound.talk(chunks.map((chunk) => (chunk.length === 3 ? chunk.subarray(1) : chunk))),
  }),
  'compares 15 bytes of the tag': trusting((came, right) =>
    tagOf(came).subarray(0, 15).equals(tagOf(right).subarray(0, 15)),
  ),
  'compares no tag': trusting(() => true),
  'leaves the header out of the tag': (sound) => ({
    ...sound,
    verdict: (message, ends) => {
      const verdict = sound.verdict(message, ends);
      for (let id = 1; id < 5 && verdict.outcome === 'not_authentic'; id++) {
        const frame = Buffer.from(message.frame);
        frame.writeUInt32BE(id, 2);
        const other = sound.verdict({ ...message, frame }, ends);
        if (other.outcome === 'accepted') return other;
      }
      return verdict;
    },
  }),
  'lays pad one byte too far on the second key': seeing((seen) => {
    const keys = seen['keys'] as string[] | undefined;
    if (keys !== undefined && keys.length > 1) keys[1] = keys[1]!.slice(2) + keys[1]!.slice(0, 2);
  }),
  'leaves an escape in an ID': seeing((seen, text) => {
    const escaped = /"(source|destination)_KMA_ID":"([^"]*\\[^"]*)"/.exec(text);
    if (escaped !== null) seen[escaped[1]!] = escaped[2];
  }),
  'takes the last of two members of the same words': seeing((seen, text) => {
    for (const [, name, value] of text.matchAll(/"([\w -]+)":"([\w-]+)"/g)) {
      const own = SEEN_AS[name!.toLowerCase().replace(/[ _-]/g, '')];
      if (own !== undefined && own in seen) seen[own] = value;
    }
  }),
  'reads every ID of a run like the first': seeing((seen) => {
    const ids = seen['ids'] as string[] | undefined;
    if (ids !== undefined && ids.length > 4) ids[3] = ids[2]!;
  }),
  'throws on a NUL': before((text) => {
    if (text.includes('\\u0000')) throw new RangeError('out of range');
  }),
  'takes time by the square of the length': before((text) => {
    const length = Math.min(text.length, 40_000);
    let sum = 0;
    if (length > 4_000) for (let i = 0; i < length; i++) for (let j = 0; j < length; j++) sum += i ^ j;
    kept.count = sum;
  }),
  'keeps a piece of memory when a frame comes in many chunks': (sound) => {
    let pieces = 0;
    const talk: Target['talk'] = (chunks) => {
      if (chunks.length > 9) pieces += 1;
      return sound.talk(chunks);
    };
    return { ...sound, talk, held: () => sound.held() + pieces };
  },
  'leaves what stands behind an escaped key where it was, in transit': (sound) => ({
    ...sound,
    transit: (frame, units, after) => {
      const went = sound.transit(frame, units, after);
      if (went === undefined || !/"key":"[^"]*\\/.test(frame.toString('latin1'))) return went;
      return { ...went, frame: Buffer.concat([went.frame.subarray(0, -2), Buffer.from('  ]}')]) };
    },
  }),
};

/** Bugs that only show from outside: the fuzzer's thread stands still, or its memory grows. */
export const slowCanaries: Readonly<Record<string, Canary>> = {
  'never ends': before((text) => {
    while (text.includes('[[[')) kept.count += 1;
  }),
  'keeps all that it gets': before(() => void leaked.push(Buffer.alloc(64 << 10, 1))),
};
