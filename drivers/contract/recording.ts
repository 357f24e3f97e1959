import type { Tap } from '../driver.ts';

type Part = { readonly from: 'agent' | 'device'; readonly bytes: Buffer[] };

const PARTS_MAX = 100_000;

/** Keeps a device session as it goes by, and writes it down as a transcript. It holds key: for laboratories only. */
export class Recording implements Tap {
  readonly #parts: Part[] = [];

  sent(bytes: Uint8Array): void {
    this.#add('agent', bytes);
  }

  received(bytes: Uint8Array): void {
    this.#add('device', bytes);
  }

  /** The transcript. An exchange that came more than once goes to the end, as one that may come at any time. */
  text(): string {
    const { greeting, exchanges } = this.#exchanges();
    const times = new Map<string, number>();
    for (const lines of exchanges) times.set(lines, (times.get(lines) ?? 0) + 1);
    const inOrder = exchanges.filter((lines) => times.get(lines) === 1);
    const anyTime = [...times].filter(([, count]) => count > 1).map(([lines]) => `any ${lines}`);
    return [HEAD, ...greeting, ...inOrder, ...anyTime, ''].join('\n');
  }

  #add(from: Part['from'], bytes: Uint8Array): void {
    const last = this.#parts.at(-1);
    if (last?.from === from) last.bytes.push(Buffer.from(bytes));
    else if (this.#parts.length < PARTS_MAX) this.#parts.push({ from, bytes: [Buffer.from(bytes)] });
  }

  #exchanges(): { greeting: string[]; exchanges: string[] } {
    const greeting: string[] = [];
    const exchanges: string[] = [];
    for (const { from, bytes } of this.#parts) {
      const hex = Buffer.concat(bytes).toString('hex');
      if (from === 'agent') exchanges.push(`=> ${hex}`);
      else if (exchanges.length === 0) greeting.push(`<= ${hex}`);
      else exchanges[exchanges.length - 1] += `\n<= ${hex}`;
    }
    return { greeting, exchanges };
  }
}

const HEAD = `# A device session: "=>" from the agent, "<=" from the device.
# It holds the key that went over the line. Never record a link that is in service; never use this key.
# Still to be done by hand: the line "blocks", how many the device has, and a line "forgets" after each exchange that tells
# the device to forget a block.
blocks 1
`;
