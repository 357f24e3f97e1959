import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { describe, test } from 'node:test';
import { codeOnly } from '../build/tidy/code-only.ts';
import { parseFiles, readRepository } from '../build/tidy/source-files.ts';
import { rules, tidy, violationLine } from '../build/tidy/tidy.ts';

const root = resolve(import.meta.dirname, '..');

/** A small house in which every rule has something to judge and nothing is wrong. */
const house = {
  'src/errors.ts': 'export class AgentError extends Error {}\n',
  'src/secret/secret-bytes.ts': "import { AgentError } from '../errors.ts';\nexport const e = AgentError;\n",
  'src/env/clock.ts': 'export interface Clock { wallMs(): number }\n',
  'src/keys/pad.ts': "import { createHmac } from 'node:crypto';\nexport const pad = createHmac;\n",
  'src/kx/codec/header.ts': "import { pad } from '../../keys/pad.ts';\nexport const header = pad;\n",
  'src/node/clock.ts': 'export const now = () => Date.now();\n',
  'src/store/key-store.ts': 'export const store = 1;\n',
  'src/store/check/open.ts': "import { statSync } from 'node:fs';\nexport const look = statSync;\n",
  'src/kma/relay.ts': "import { store } from '../store/key-store.ts';\nexport const relay = store;\n",
  'drivers/driver.ts': "import type { Clock } from '../src/env/clock.ts';\nexport type Driver = Clock;\n",
  'drivers/ports/serial.ts': "import { SerialPort } from 'serialport';\nexport const open = SerialPort;\n",
  'drivers/acme/driver.ts': "import { open } from '../ports/serial.ts';\nexport const acme = open;\n",
  'drivers/registry.ts': "import { acme } from './acme/driver.ts';\nexport const registry = [acme];\n",
  'test/relay.test.ts': "import { relay } from '../src/kma/relay.ts';\nsetTimeout(relay, 1);\n",
};

const planted = [
  plant('src/attic/x.ts', '', /has a floor/, /src\/attic is no room/),
  plant(
    'src/keys/x.ts',
    "import { a } from '../store/key-store.ts';",
    /below it only/,
    /src\/keys .* imports src\/store/,
  ),
  plant(
    'src/kma/x.ts',
    "import type { A } from '../ksa/a.ts';",
    /below it only/,
    /src\/kma .* imports src\/ksa/,
  ),
  plant('src/bytes/x.ts', "export * from '../secret/secret-bytes.ts';", /below it only/, /src\/bytes/),
  plant('src/store/x.ts', "const a = await import('../agent.ts');", /below it only/, /imports src\/agent /),
  plant('src/errors.ts', "import { limits } from './limits.ts';", /below it only/, /floor 0/),
  plant(
    'src/observe/x.ts',
    "import { registry } from '../../drivers/registry.ts';",
    /below it only/,
    /imports drivers /,
  ),
  plant('drivers/driver.ts', "import { acme } from './acme/driver.ts';", /below it only/, /imports drivers /),
  plant('src/kma/x.ts', "import { a } from '../../test/relay.test.ts';", /build or test/, /test\/relay/),
  plant('drivers/acme/x.ts', "import { a } from '../other/driver.ts';", /a driver sees/, /drivers\/other/),
  plant('drivers/acme/x.ts', "import { registry } from '../registry.ts';", /a driver sees/, /registry/),
  plant('drivers/acme/x.ts', "import { pad } from '../../src/keys/pad.ts';", /a driver sees/, /keys/),
  plant('drivers/acme/x.ts', "import { SerialPort } from 'serialport';", /only drivers\/ports/, /serialport/),
  plant('src/node/x.ts', "import HID from 'node-hid';", /only drivers\/ports/, /node-hid/),
  plant('src/node/x.ts', "const m = require('@serialport/stream');", /only drivers\/ports/, /@serialport/),
  plant(
    'src/secret/secret-bytes.ts',
    "import './other.ts';",
    /leads back/,
    /other\.ts → src\/secret\/secret-bytes/,
    {
      'src/secret/other.ts': "import type { e } from './secret-bytes.ts';",
    },
  ),
  plant('src/store/x.ts', "import './x.ts';", /leads back/, /x\.ts → src\/store\/x\.ts/),
  plant('src/keys/x.ts', "import { readFileSync } from 'node:fs';", /only what is pure/, /node:fs/),
  plant(
    'src/keys/x.ts',
    "import { createHmac, randomBytes } from 'node:crypto';",
    /only what is pure/,
    /imports randomBytes from/,
  ),
  plant('src/keys/x.ts', "import * as crypto from 'node:crypto';", /only what is pure/, /everything/),
  plant('src/kx/codec/x.ts', "import { peer } from '../peer/peer.ts';", /only what is pure/, /kx\/peer/),
  plant('firmware-bridge/x.ts', "import pino from 'pino';", /only what is pure/, /pino/),
  plant('src/keys/x.ts', 'const t = Date.now();', /no clock/, /uses Date\.now/),
  plant('src/keys/x.ts', 'const t = Math\n  .random();', /no clock/, /Math \.random/),
  plant('src/keys/x.ts', 'export async function f() {}', /no clock/, /uses async/),
  plant('src/kx/session/x.ts', 'const p = new Promise(() => {});', /no clock/, /Promise/),
  plant('src/bytes/x.ts', 'setTimeout(f, 1);', /no clock/, /setTimeout/),
  plant('src/secret/x.ts', `const e = \`\${process.env}\`;`, /no clock/, /process/),
  plant('firmware-bridge/x.ts', 'const d = new Date();', /no clock/, /new Date/),
  plant('src/keys/x.ts', 'crypto.getRandomValues(a);', /no clock/, /crypto/),
  plant('src/kma/x.ts', 'const t = Date.now();', /where they come in/, /Date\.now/),
  plant('src/kx/peer/x.ts', 'setInterval(f, 1);', /where they come in/, /setInterval/),
  plant('src/observe/x.ts', "import { connect } from 'node:tls';", /where they come in/, /node:tls/),
  plant('src/store/x.ts', "import { connect } from 'node:net';", /where they come in/, /node:net/),
  plant('src/config/load.ts', "import { readFileSync } from 'node:fs';", /where they come in/, /node:fs/),
  // What the composition root does not hand them is not theirs.
  plant('src/store/x.ts', "import { openSync } from 'node:fs';", /where they come in/, /node:fs/),
  plant('src/audit/x.ts', "import { open } from 'node:fs/promises';", /where they come in/, /node:fs/),
  plant('src/agent/parts.ts', 'const t = Date.now();', /where they come in/, /Date\.now/),
  plant('src/store/x.ts', 'setImmediate(f);', /where they come in/, /setImmediate/),
  plant('drivers/acme/x.ts', 'const x = 1 / setTimeout(f, 1) / 2;', /where they come in/, /setTimeout/),
  plant('src/kma/x.ts', 'a\n'.repeat(301), /longer than 300/, /has 301 lines/),
  plant('src/kma/keyStore.ts', '', /kebab-case/, /keyStore/),
  plant('src/kma/key_store.test.ts', '', /kebab-case/, /key_store/),
  plant('test/SomeFolder/x.ts', '', /kebab-case/, /SomeFolder/),
];

function plant(path: string, text: string, rule: RegExp, says: RegExp, more: Record<string, string> = {}) {
  return { path, text, rule, says, more };
}

const mapOf = (files: Record<string, string>) => new Map(Object.entries(files));

describe('the rules of the house', () => {
  test('hold in this repository', () => {
    const files = readRepository(root);
    assert.ok(files.size > 50, `only ${files.size} files were read`);
    assert.deepEqual(tidy(files).map(violationLine), []);
  });

  test('hold in a small house where nothing is wrong', () => {
    assert.deepEqual(tidy(mapOf(house)), []);
  });

  for (const { path, text, rule, says, more } of planted)
    test(`catch ${JSON.stringify(text.slice(0, 60))} in ${path}`, () => {
      const found = tidy(mapOf({ ...house, ...more, [path]: text }));
      const caught = found.filter((one) => rule.test(one.rule) && says.test(one.message));
      assert.equal(caught.length, 1, JSON.stringify(found));
    });

  test('are each caught by a planted breach', () => {
    for (const rule of rules)
      assert.ok(
        planted.some((one) => one.rule.test(rule.name)),
        rule.name,
      );
  });

  for (const rule of rules)
    test(`fail when they have nothing to judge: ${rule.name}`, () => {
      assert.deepEqual(
        tidy(new Map(), [rule]).map((one) => one.message),
        ['looked at nothing'],
      );
    });

  test('take no word in a comment, a string or a regular expression for code', () => {
    const text = [
      '// Promise, Date.now(), setTimeout(',
      '/* await\n process.exit */',
      "const a = 'async Promise';",
      `const b = \`await \${a} Promise\`;`,
      'const c = /process|["\'`]/.test(a);',
      'const d = 8 / 2; // Promise',
      "const e = { process: 'x' }.process;",
    ].join('\n');
    assert.deepEqual(tidy(mapOf({ ...house, 'src/keys/x.ts': text })), []);
  });
});

describe('reading a source', () => {
  test('keeps code within templates and every line where it was', () => {
    const text = `a(\`x\${ b("}") + \`y\${c}\` }z\`); // d\n/* e\nf */ g / h / i; return /j"/;\n`;
    const code = codeOnly(text);
    assert.equal(code.length, text.length);
    assert.deepEqual(code.match(/[a-z]+/g), ['a', 'b', 'c', 'g', 'h', 'i', 'return']);
    assert.equal(code.split('\n').length, text.split('\n').length);
  });

  test('finds every way to import', () => {
    const text = [
      "import a from './a.ts';",
      "import type { B } from './b.ts';",
      "import {\n  type C,\n  d as e,\n} from './c.ts';",
      "import * as f from 'node:fs';",
      "import './g.ts';",
      "export { h } from '../h.ts';",
      "export * from './i.ts';",
      "const j = await import('./j.ts');",
      "const k = require('k');",
      "// import './no.ts';",
      'const l = "import \'./no.ts\'";',
    ].join('\n');
    const imports = parseFiles(new Map([['src/x/y.ts', text]]))[0]?.imports ?? [];
    assert.deepEqual(
      imports.map((one) => [one.target ?? one.specifier, one.typeOnly, one.line]),
      [
        ['src/x/a.ts', false, 1],
        ['src/x/b.ts', true, 2],
        ['src/x/c.ts', false, 3],
        ['node:fs', false, 7],
        ['src/x/g.ts', false, 8],
        ['src/h.ts', false, 9],
        ['src/x/i.ts', false, 10],
        ['src/x/j.ts', false, 11],
        ['k', false, 12],
      ],
    );
    assert.deepEqual(imports[2]?.names, ['C', 'd']);
  });
});
