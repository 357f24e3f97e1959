import { limits } from '../../src/limits.ts';
import type { Tap } from '../driver.ts';

type Part = { readonly from: 'agent' | 'device'; readonly bytes: Buffer };
/** Lines of the transcript from one `=>` up to the next. */
type Exchange = { readonly text: Buffer; readonly at: number };

/**
 * Keeps a device session as it goes by, and writes it down as a transcript. It holds key, though key of a laboratory that nobody uses: so it
 * stays in buffers, and is wiped. Bounded: what comes when it is full is left out.
 */
export class Recording implements Tap, Disposable {
  readonly #parts: Part[] = [];
  #bytes = 0;

  sent(bytes: Uint8Array): void {
    this.#add('agent', bytes);
  }

  received(bytes: Uint8Array): void {
    this.#add('device', bytes);
  }

  /**
   * An exchange that came more than once goes to the end, as one that may come at any time.
   * @returns the transcript, which the caller owns and wipes
   */
  write(): Buffer {
    const { greeting, exchanges } = this.#exchanges();
    const inOrder: Buffer[] = [];
    const anyTime: Buffer[] = [];
    for (const same of alike(exchanges)) {
      if (same.length === 1) inOrder[same[0]!.at] = same[0]!.text;
      else anyTime.push(ANY, same[0]!.text);
    }
    const whole = Buffer.concat([HEAD, ...greeting, ...inOrder.filter(Boolean), ...anyTime]);
    for (const text of [...greeting, ...exchanges.map((exchange) => exchange.text)]) text.fill(0);
    return whole;
  }

  [Symbol.dispose](): void {
    for (const { bytes } of this.#parts.splice(0)) bytes.fill(0);
  }

  #add(from: Part['from'], bytes: Uint8Array): void {
    this.#bytes += bytes.length;
    const room = this.#parts.length < limits.recordedPartsMax && this.#bytes <= limits.recordedBytesMax;
    if (!room) return;
    const copy = Buffer.alloc(bytes.length);
    copy.set(bytes);
    this.#parts.push({ from, bytes: copy });
  }

  #exchanges(): { greeting: Buffer[]; exchanges: Exchange[] } {
    const greeting: Buffer[] = [];
    const texts: Buffer[][] = [];
    for (const [from, pieces] of this.#turns()) {
      const line = hexLine(from === 'agent' ? '=> ' : '<= ', pieces);
      if (from === 'agent') texts.push([line]);
      else (texts.at(-1) ?? greeting).push(line);
    }
    const exchanges = texts.map((lines, at) => ({ text: Buffer.concat(lines), at }));
    for (const line of texts.flat()) line.fill(0);
    return { greeting, exchanges };
  }

  // What one side said until the other did.
  #turns(): [Part['from'], Buffer[]][] {
    const turns: [Part['from'], Buffer[]][] = [];
    for (const { from, bytes } of this.#parts) {
      const last = turns.at(-1);
      if (last?.[0] === from) last[1].push(bytes);
      else turns.push([from, [bytes]]);
    }
    return turns;
  }
}

/** In groups of equal ones, each in the order in which they came, the groups by their first. */
function alike(exchanges: readonly Exchange[]): Exchange[][] {
  const groups: Exchange[][] = [];
  const sorted = [...exchanges].sort((a, b) => Buffer.compare(a.text, b.text) || a.at - b.at);
  for (const exchange of sorted) {
    const last = groups.at(-1);
    if (last?.[0]?.text.equals(exchange.text)) last.push(exchange);
    else groups.push([exchange]);
  }
  return groups.sort((a, b) => a[0]!.at - b[0]!.at);
}

const DIGITS = Buffer.from('0123456789abcdef', 'latin1');

function hexLine(before: string, pieces: readonly Buffer[]): Buffer {
  const bytes = pieces.reduce((sum, { length }) => sum + length, 0);
  const line = Buffer.alloc(before.length + bytes * 2 + 1);
  let at = line.write(before, 'latin1');
  for (const piece of pieces)
    for (const byte of piece) {
      line[at++] = DIGITS[byte >> 4]!;
      line[at++] = DIGITS[byte & 15]!;
    }
  line[at] = 0x0a;
  return line;
}

const ANY = Buffer.from('any ', 'latin1');
const HEAD = Buffer.from(`# A device session: "=>" from the agent, "<=" from the device.
# It holds the key that went over the line. Never record a link that is in service; never use this key.
# Still to be done by hand: the line "blocks", how many the device has, and a line "forgets" after each exchange that tells
# the device to forget a block.
blocks 1
`);
