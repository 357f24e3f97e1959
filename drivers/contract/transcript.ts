import { AgentError } from '../../src/errors.ts';

/** Bytes from the agent and what the device answers; `forgets` counts blocks that it was told of by them. */
export type Exchange = { readonly asked: Buffer; readonly answer: Buffer; readonly forgets: number };

export type Transcript = {
  /** How many blocks the device has. */
  readonly blocks: number;
  /** What the device says by itself when it is plugged in. */
  readonly greeting: Buffer;
  /** In this order, each once. */
  readonly inOrder: readonly Exchange[];
  /** At any time and any number of times, when the next one in order does not fit. */
  readonly anyTime: readonly Exchange[];
};

const LINE = /^(?:(any )?=> ([0-9a-f ]+)|<= ([0-9a-f ]+)|(forgets)|blocks ([1-9]\d{0,2}))$/;

/**
 * Reads a transcript (docs/drivers.md, "Transcripts"): test data that its maker publishes. Whatever key stands in it is used by nobody, so that it
 * may be text. @throws AgentError `configuration.transcript`
 */
export function parseTranscript(text: string): Transcript {
  const greeting: Buffer[] = [];
  const inOrder: Exchange[] = [];
  const anyTime: Exchange[] = [];
  let blocks = 0;
  let last: { list: Exchange[]; exchange: Exchange } | undefined;
  text.split('\n').forEach((raw, i) => {
    const line = raw.replace(/#.*/, '').trim();
    if (line === '') return;
    const [whole, whenever, asked, answer, forgets, count] = LINE.exec(line) ?? [];
    if (whole === undefined)
      throw wrong(i + 1, 'is none of "blocks N", "=> HEX", "any => HEX", "<= HEX" and "forgets"');
    if (count !== undefined) {
      blocks = Number(count);
    } else if (asked !== undefined) {
      const exchange = { asked: bytes(asked, i + 1), answer: Buffer.alloc(0), forgets: 0 };
      last = { list: whenever === undefined ? inOrder : anyTime, exchange };
      last.list.push(exchange);
    } else if (last === undefined) {
      if (forgets !== undefined) throw wrong(i + 1, 'forgets a block before anything was said');
      greeting.push(bytes(answer!, i + 1));
    } else {
      const { exchange } = last;
      last.exchange = {
        ...exchange,
        answer:
          answer === undefined ? exchange.answer : Buffer.concat([exchange.answer, bytes(answer, i + 1)]),
        forgets: exchange.forgets + (forgets === undefined ? 0 : 1),
      };
      last.list[last.list.length - 1] = last.exchange;
    }
  });
  if (blocks === 0) throw wrong(1, 'has to say how many blocks the device has: blocks N');
  return { blocks, greeting: Buffer.concat(greeting), inOrder, anyTime };
}

function bytes(hex: string, line: number): Buffer {
  const digits = hex.replaceAll(' ', '');
  if (digits.length % 2 !== 0) throw wrong(line, 'has half a byte');
  return Buffer.from(digits, 'hex');
}

function wrong(line: number, what: string): AgentError {
  return new AgentError('configuration.transcript', `line ${line} of the transcript ${what}`, {
    fault: 'configuration',
    remedy: 'Correct it: docs/drivers.md shows the form.',
  });
}

/** Plays the device's part of a transcript: bytes of the agent in, bytes of the device out. */
export class TranscriptPlayer {
  readonly #transcript: Transcript;
  readonly #send: (bytes: Buffer) => void;
  /** What was forgotten stays so when the device is plugged in anew. */
  readonly #forgot = new Set<Exchange>();
  #at = 0;
  #heard = Buffer.alloc(0);
  /** The first thing that the agent sent and the transcript has no place for. */
  complaint: string | undefined;

  /** @param send takes its argument over and wipes it */
  constructor(transcript: Transcript, send: (bytes: Buffer) => void) {
    this.#transcript = transcript;
    this.#send = send;
  }

  get forgotten(): number {
    let count = 0;
    for (const { forgets } of this.#forgot) count += forgets;
    return count;
  }

  /** From the beginning, as after plugging in. */
  start(): void {
    this.#at = 0;
    this.#heard = Buffer.alloc(0);
    if (this.#transcript.greeting.length > 0) this.#send(Buffer.from(this.#transcript.greeting));
  }

  receive(chunk: Buffer): void {
    this.#heard = Buffer.concat([this.#heard, chunk]);
    while (this.#heard.length > 0 && this.complaint === undefined && this.#step());
  }

  #step(): boolean {
    const { inOrder, anyTime } = this.#transcript;
    const next = inOrder[this.#at];
    const candidates = next === undefined ? anyTime : [next, ...anyTime];
    const found = candidates.find(({ asked }) => this.#heard.subarray(0, asked.length).equals(asked));
    if (found === undefined) {
      const maybe = candidates.some(({ asked }) => asked.subarray(0, this.#heard.length).equals(this.#heard));
      if (!maybe) this.complaint = this.#unexpected(next);
      return false;
    }
    if (found === next) this.#at += 1;
    this.#heard = this.#heard.subarray(found.asked.length);
    if (found.forgets > 0) this.#forgot.add(found);
    if (found.answer.length > 0) this.#send(Buffer.from(found.answer));
    return true;
  }

  // What the agent says asks for key and never holds any; should a driver under trial echo some, it is the transcript's own, which its maker
  // publishes and nobody uses.
  #unexpected(next: Exchange | undefined): string {
    const sent = this.#heard.subarray(0, 64).toString('hex');
    const place = next === undefined ? 'nothing more' : next.asked.toString('hex');
    return `the agent sent ${sent}, where the transcript has ${place}`;
  }
}
