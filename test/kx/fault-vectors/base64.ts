import { type Expected, KEYS, keyFiles, relay, showing, type Vector, vector } from './message.ts';
import { covered } from './setting.ts';

const KEY = '8.1, Key; RFC 4648, section 4';
const [first, second] = covered(KEYS) as [string, string];

/** The good key relay with the base64 text of its first key written as `text`, which may hold escapes of JSON. */
const written = (text: string) => JSON.stringify(relay()).replace(first, () => text);
const unicode = (text: string) =>
  [...text].map((letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`).join('');

const refused: [name: string, text: string][] = [
  ['no padding', first.slice(0, -1)],
  ['a sign of padding too many', `${first}=`],
  ['a group of padding alone', `${first}====`],
  ['padding in front', `=${first.slice(1)}`],
  ['padding in the middle', `QQ==${first}`],
  ['three signs of padding', `${first.slice(0, -3)}===`],
  ['nothing but padding', '===='],
  ['one letter', 'Q'],
  ['a letter too many', `A${first}`],
  ['bits that no byte uses, behind two bytes', `${first.slice(0, -2)}${withLowBit(first.at(-2)!)}=`],
  ['bits that no byte uses, behind one byte', 'QR=='],
  ['a minus sign of the URL alphabet', `-${first.slice(1)}`],
  ['an underscore of the URL alphabet', `_${first.slice(1)}`],
  ['a space', `${first.slice(0, 4)} ${first.slice(5)}`],
  ['a dot', `.${first.slice(1)}`],
  ['a letter that is not ASCII', `\u00e9${first.slice(2)}`],
  ['a letter that looks like one', `\u0410${first.slice(2)}`],
  ['an escaped line feed', `${first.slice(0, 4)}\\n${first.slice(5)}`],
  ['an escaped minus sign', `\\u002d${first.slice(1)}`],
  ['an escaped NUL', `\\u0000${first.slice(1)}`],
  ['an escaped letter 256 above A', `\\u0141${first.slice(1)}`],
  ['an escaped letter that is missing', '\\u0041'.concat(first.slice(2))],
];

// A letter that stands for the same bits but for its last.
function withLowBit(letter: string): string {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
  return letters[letters.indexOf(letter) ^ 1]!;
}

const escaped: [name: string, text: string][] = [
  ['a letter by its number', unicode(first[0]!) + first.slice(1)],
  ['every letter by its number', unicode(first)],
  ['padding by its number', first.replace('=', '\\u003d')],
  ['padding by its number in capitals', first.replace('=', '\\u003D')],
];

/** Keys whose covered text has a slash, as some encoders escape. */
function slashed(): Vector[] {
  const keys = [covered([Buffer.alloc(32, 0xff)])[0]!].map((text) => Buffer.from(text, 'base64'));
  const [text] = covered(keys) as [string];
  const payload = (shown: string) =>
    JSON.stringify(relay({ keys: keyFiles(keys) }, 32)).replace(text, () => shown);
  const slash = text.replaceAll('/', '\\/');
  const number = text.replaceAll('/', '\\u002f').replaceAll('+', '\\u002B');
  return [
    showing(vector('slashes as they are', KEY, 'accepted', payload(text)), keys),
    showing(vector('each slash escaped', KEY, 'accepted', payload(slash)), keys),
    showing(vector('each slash and plus by its number', KEY, 'accepted', payload(number)), keys),
  ];
}

const lengths = [1, 2, 3, 4, 5, 31, 33, 48].map((bytes) => {
  const keys = [Buffer.alloc(bytes, 0xa5), Buffer.alloc(bytes, 0x5a)];
  const made = vector(`keys of ${bytes} bytes`, KEY, 'accepted', relay({ keys: keyFiles(keys) }, 2 * bytes));
  return showing(made, keys);
});

/** Faults of a key's base64, and what is none. */
export const base64Faults = (): Vector[] => [
  showing(vector('good base64', KEY, 'accepted', written(first)), KEYS),
  ...refused.map(([name, text]) => vector(name, KEY, 'malformed' satisfies Expected, written(text))),
  ...escaped.map(([name, text]) => showing(vector(name, KEY, 'accepted', written(text)), KEYS)),
  ...slashed(),
  ...lengths,
  vector(
    'a fault in the second key',
    KEY,
    'malformed',
    JSON.stringify(relay()).replace(second, () => `${second.slice(0, -3)}*${second.slice(-2)}`),
  ),
];
