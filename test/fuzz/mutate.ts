import type { Random } from './random.ts';

const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\]:,]|[^\s{}[\]:,"]+/gs;
const WORDS = [
  '{',
  '}',
  '[',
  ']',
  ':',
  ',',
  '"',
  '""',
  'null',
  'true',
  'false',
  '[]',
  '{}',
  '{"a":1,"a":2}',
  '1',
  '0',
];
const NUMBERS = [
  '-0',
  '01',
  '+1',
  '1.0',
  '1e0',
  '1e2',
  '.5',
  '1.',
  '1e999',
  '0x1',
  '274877906943',
  '274877906944',
  '9007199254740993',
];
const MORE_NUMBERS = ['32767', '32768', '-1', '0.5', '1E5', '65', '1'.repeat(63), '1'.repeat(64), 'NaN'];
const NASTY = [
  '\\u0000',
  '\\ud800',
  '\\u',
  '\\x',
  '\\/',
  '\\u002f',
  '\\"',
  '\x00',
  '\x1f',
  '\x7f',
  '\xc3\xa9',
  '\xc0\xaf',
  '\xed\xa0\x80',
];
const MORE_NASTY = [
  '\xf4\x90\x80\x80',
  '\xff',
  '\xe2\x82',
  '\xef\xbb\xbf',
  '=',
  '-',
  '_',
  ' ',
  '\xc2\xa0',
  'A',
  '+',
  '/',
];
const SPACE = [' ', '\n', '\t', '\r\n', '\f', '\xa0', '\xc2\xa0'];

/** A payload changed in one place, as one who knows JSON would; bytes as latin1 letters. */
export function mutateJson(text: string, random: Random): string {
  const tokens = [...text.matchAll(TOKEN)];
  if (tokens.length === 0) return random.pick(WORDS);
  const token = random.pick(tokens);
  const [at, own] = [token.index, token[0]];
  if (random.once(10)) return doubled(text, random);
  if (random.once(12)) return escaped(text, random);
  if (random.once(30)) return extraComma(text, random);
  if (random.once(20)) return keyLetter(text, random);
  const put = (instead: string) => text.slice(0, at) + instead + text.slice(at + own.length);
  if (random.once(6)) return structure(text, own, put, random, tokens);
  if (own.startsWith('"') && own.length > 2) return put(`"${mutateText(own.slice(1, -1), random)}"`);
  if (/^[-\d]/.test(own)) return put(random.pick([...NUMBERS, ...MORE_NUMBERS]));
  return structure(text, own, put, random, tokens);
}

type Put = (instead: string) => string;

function structure(text: string, own: string, put: Put, random: Random, tokens: RegExpMatchArray[]): string {
  const other = random.pick(tokens)[0];
  switch (random.below(8)) {
    case 0:
      return put('');
    case 1:
      return put(own + own);
    case 2:
      return put(other);
    case 3:
      return put(random.pick(WORDS));
    case 4:
      return put(random.pick(SPACE) + own);
    case 5:
      return put(own + random.pick(WORDS));
    case 6:
      return put('['.repeat(random.below(18)) + own + ']'.repeat(random.below(18)));
    default:
      return random.once(3) ? `\xef\xbb\xbf${text}` : text + random.pick(['}', '\n', 'x', '\0', '{}']);
  }
}

/** A member once more, elsewhere in the payload's object: under the same name, or spelt otherwise. */
function doubled(text: string, random: Random): string {
  const names = [...text.matchAll(/"([\w ]+)":("[^"]*"|\d+)/g)].slice(0, random.once(2) ? 2 : undefined);
  if (names.length === 0) return text;
  const [, name, value] = random.pick(names);
  const spelt = random.pick([
    name!,
    name!.toUpperCase(),
    name!.replaceAll('_', ' '),
    escapeOne(name!, random),
  ]);
  const changed = random.once(2) ? value! : '"other"';
  return text.replace('{', () => `{"${spelt}":${changed},`);
}

/** A text as another encoder may write it: it means the same. */
function escaped(text: string, random: Random): string {
  const values = [...text.matchAll(/(?<=:")[^"\\]+(?=")/g)];
  if (values.length === 0) return text;
  const { 0: value, index } = random.pick(values);
  const shown = random.once(3) ? value.replaceAll('/', '\\/') : escapeOne(value, random);
  return text.slice(0, index) + shown + text.slice(index + value.length);
}

/** A letter of a key's base64, most often of its last four, where padding is. */
function keyLetter(text: string, random: Random): string {
  const keys = [...text.matchAll(/(?<="key":")[^"]+(?=")/gi)];
  if (keys.length === 0) return text;
  const { 0: key, index } = random.pick(keys);
  const at =
    index + (random.once(2) ? random.below(key.length) : Math.max(0, key.length - 1 - random.below(4)));
  const letter = random.once(2)
    ? random.pick(['-', '_', '=', '*', '\\/', '+'])
    : text[at]! === 'B'
      ? 'A'
      : 'B';
  return text.slice(0, at) + letter + text.slice(at + 1);
}

function extraComma(text: string, random: Random): string {
  const ends = [...text.matchAll(/[\]}]/g)];
  if (ends.length === 0) return text;
  const { index } = random.pick(ends);
  return `${text.slice(0, index)},${text.slice(index)}`;
}

function mutateText(inner: string, random: Random): string {
  const at = random.below(inner.length);
  const [before, letter, after] = [inner.slice(0, at), inner[at]!, inner.slice(at + 1)];
  switch (random.below(8)) {
    case 0:
      return before + after;
    case 1:
      return before + random.pick([...NASTY, ...MORE_NASTY]) + after;
    case 2:
      return before + random.pick([...NASTY, ...MORE_NASTY]) + letter + after;
    case 3:
      return escapeOne(inner, random);
    case 4:
      return random.pick([inner.toUpperCase(), inner.toLowerCase(), inner.replaceAll('_', ' '), `_${inner}`]);
    case 5:
      return inner + inner.slice(0, 4);
    case 6:
      return 'x'.repeat(random.pick([0, 1, 64, 65, 65]));
    default:
      // The same number of letters, all of them good base64: the last one that is changed may have bits too many.
      return before + String.fromCharCode((letter.charCodeAt(0) ^ (1 << random.below(3))) & 0x7f) + after;
  }
}

function escapeOne(text: string, random: Random): string {
  const at = random.below(text.length);
  const hex = text.charCodeAt(at).toString(16).padStart(4, '0');
  return `${text.slice(0, at)}\\u${random.once(2) ? hex : hex.toUpperCase()}${text.slice(at + 1)}`;
}

/** Bytes changed in one place, as one who knows nothing would. @param other to splice with */
export function mutateBytes(bytes: Buffer, other: Buffer, random: Random): Buffer {
  const at = random.below(bytes.length + 1);
  const [before, after] = [bytes.subarray(0, at), bytes.subarray(at)];
  switch (random.below(6)) {
    case 0: {
      const flipped = Buffer.from(bytes);
      if (at < flipped.length) flipped[at]! ^= 1 << random.below(8);
      return flipped;
    }
    case 1:
      return before;
    case 2:
      return Buffer.concat([before, Buffer.from([random.below(256)]), after]);
    case 3:
      return Buffer.concat([before, after.subarray(random.below(20))]);
    case 4:
      return Buffer.concat([before, other.subarray(random.below(other.length))]);
    default:
      return Buffer.concat([before, other, after]);
  }
}

/** A frame that lies about itself: version, message ID, command or length. */
export function mutateHeader(frame: Buffer, random: Random): Buffer {
  const lying = Buffer.from(frame);
  if (lying.length < 10) return lying;
  const length = lying.readUInt16BE(8);
  switch (random.below(6)) {
    case 0:
      lying.writeUInt16BE(random.pick([0, 2, 0x0100, 0x0101, 0x0201, 0xffff]), 0);
      break;
    case 1:
      lying.writeUInt32BE(random.pick([0, 1, 2, 3, 0x0200_0000, 0xffff_ffff]), 2);
      break;
    case 2:
      lying.writeUInt16BE(
        random.pick([0x1100, 0x1101, 0x1102, 0x1105, 0x11f0, 0x11f1, 0x11f4, 0x0111, 0x0001]),
        6,
      );
      break;
    case 3:
      lying.writeUInt16BE(random.below(0x1_0000), 8);
      break;
    default:
      lying.writeUInt16BE((length + random.pick([-10, -2, -1, 1, 2, 10]) + 0x1_0000) & 0xffff, 8);
  }
  return lying;
}
