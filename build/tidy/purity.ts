import { eachImport } from './floors.ts';
import { perFile, type Rule, type Violation } from './rule.ts';
import { lineAt, type SourceFile } from './source-files.ts';

/** A simulation drives these: what they do depends on what they are handed, and on nothing else. */
const PURE =
  /^(src\/(bytes|secret|keys|audit\/chain|kx\/codec|kx\/session)\/|firmware-bridge\/(?!generated\/))/;
const isPure = (path: string) => PURE.test(path) && !path.endsWith('.d.ts');

const PURE_SEES = /^(src\/(errors|limits)\.ts$|src\/env\/|firmware-bridge\/generated\/)/;
const PURE_PACKAGES = /^(node:buffer|node:util|node:crypto|sodium-native|protobufjs(\/.*)?)$/;

/** The parts of node:crypto that compute; what makes random bytes is not among them. */
const CRYPTO_NAMES = new Set([
  'createCipheriv',
  'createDecipheriv',
  'createHash',
  'createHmac',
  'hash',
  'hkdfSync',
  'timingSafeEqual',
]);

export const pureRoomsImportPureRooms: Rule = perFile('pure rooms import only what is pure', isPure, (file) =>
  eachImport(file, ({ specifier, target, names, typeOnly }) => {
    if (target !== undefined)
      return PURE.test(target) || PURE_SEES.test(target) ? undefined : `imports ${target}, which is not pure`;
    if (!PURE_PACKAGES.test(specifier)) return `imports ${specifier}`;
    if (specifier !== 'node:crypto' || typeOnly) return undefined;
    const impure = names === undefined ? ['everything'] : names.filter((name) => !CRYPTO_NAMES.has(name));
    return impure.length === 0 ? undefined : `imports ${impure.join(', ')} from node:crypto`;
  }),
);

const IMPURE_WORDS =
  /(?<![\w.$])(Promise|async|await|process|console|performance|queueMicrotask|fetch|globalThis|crypto|setTimeout|setInterval|setImmediate)(?![\w$])(?!\s*[:?])|(?<![\w$])(Date\s*\.\s*now|new\s+Date|Math\s*\.\s*random|randombytes_\w+)/g;

export const pureRoomsHaveNoWorld: Rule = perFile(
  'pure rooms have no clock, timer, random source, process or promise',
  isPure,
  (file) => eachWord(file, IMPURE_WORDS, (word) => `uses ${word}`),
);

/** Where the real world may be touched; all else is handed what it needs of it. */
const WORLD: readonly { readonly folder: RegExp; readonly touches: RegExp }[] = [
  { folder: /^(src\/(node|cli|pki|probe|bench|simulator)\/|drivers\/ports\/|build\/|test\/)/, touches: /./ },
  // The doors that a simulation replaces as a whole.
  {
    folder: /^src\/(agent\/(tls-files|memory-guard)\.ts$|main\.ts$|ksa\/gs-qkd-014\/|control\/)/,
    touches: /./,
  },
  { folder: /^src\/audit\/shipper\.ts$/, touches: /^node:(net|tls)/ },
  { folder: /^src\/(store\/check\/|config\/files\.ts$|env\/disk\.ts$)/, touches: /^node:fs/ },
];
const WORLD_MODULES =
  /^node:(fs|tls|net|http|https|http2|dgram|dns|child_process|worker_threads|timers)(\/.*)?$/;
const WORLD_WORDS =
  /(?<![\w.$])(setTimeout|setInterval|setImmediate)(?![\w$])|(?<![\w$])(Date\s*\.\s*now|Math\s*\.\s*random)/g;

export const theWorldComesInAtItsDoors: Rule = perFile(
  'clock, timers, disk and network are touched only where they come in',
  () => true,
  (file) => {
    const mayTouch = (what: string) =>
      WORLD.some(({ folder, touches }) => folder.test(file.path) && touches.test(what));
    return [
      ...eachImport(file, ({ specifier }) =>
        WORLD_MODULES.test(specifier) && !mayTouch(specifier) ? `imports ${specifier}` : undefined,
      ),
      ...eachWord(file, WORLD_WORDS, (word) => (mayTouch(word) ? undefined : `uses ${word}`)),
    ];
  },
);

function eachWord(file: SourceFile, words: RegExp, judge: (word: string) => string | undefined): Violation[] {
  return [...file.code.matchAll(words)].flatMap((match) => {
    const message = judge(match[0].replaceAll(/\s+/g, ' '));
    return message === undefined ? [] : [{ path: file.path, line: lineAt(file.code, match.index), message }];
  });
}
