import { member, naiveJson, textIn, wholeIn } from './naive-json.ts';

/**
 * What becomes of a whole byte stream from A on a keyferry connection of B, by docs/kx.md alone: the frames that are delivered, how many
 * pings are answered, and whether the connection closes.
 */
export type NaiveTalk = {
  readonly frames: readonly Buffer[];
  readonly answered: number;
  readonly closed: boolean;
};

/** Bugs that can be planted, to see that they are found. */
export type Flaw = 'length' | 'length with header' | 'version' | 'command' | 'same ID' | 'greeting twice';

const COMMANDS = [0x1101, 0x1102, 0x1103, 0x1104, 0x11f0, 0x11f1, 0x11f2, 0x11f3, 0x11fe, 0x11ff];

export function naiveTalk(stream: Buffer, flaw?: Flaw): NaiveTalk {
  const frames: Buffer[] = [];
  let [answered, lastId, greeted, at] = [0, 0, false, 0];
  const end = (closed: boolean) => ({ frames, answered, closed });
  while (stream.length - at >= 10) {
    const version = stream.readUInt16BE(at);
    const id = stream.readUInt32BE(at + 2);
    const command = stream.readUInt16BE(at + 6);
    const length =
      stream.readUInt16BE(at + 8) + (flaw === 'length' ? 1 : flaw === 'length with header' ? -10 : 0);
    if (flaw === 'version' ? (version & 0xff) !== 1 : version !== 1) return end(true);
    if (!COMMANDS.includes(command) && flaw !== 'command') return end(true);
    if (stream.length - at - 10 < length) break;
    const frame = stream.subarray(at, at + 10 + Math.max(0, length));
    at += frame.length;
    if (id < lastId || (id === lastId && flaw !== 'same ID')) return end(true);
    lastId = id;
    if (!greeted) {
      if (command !== 0x11f0 || !isGreeting(frame.subarray(10))) return end(true);
      greeted = true;
    } else if (command === 0x11f0 && flaw !== 'greeting twice') return end(true);
    else if (command === 0x11fe) answered += 1;
    else if (command !== 0x11ff && command !== 0x11f0) frames.push(Buffer.from(frame));
  }
  return end(false);
}

function isGreeting(payload: Buffer): boolean {
  const message = naiveJson(payload);
  const store = textIn(member(message, 'store_ID'));
  const bits = wholeIn(member(message, 'unit_bits'), 1 << 16);
  return textIn(member(message, 'kma_ID')) === 'A' && bits === 256 && store !== undefined;
}
