import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { stringify } from 'yaml';
import { explainConfig } from '../../src/config/explain.ts';
import { faultLine } from '../../src/config/faults.ts';
import { outline } from '../../src/config/outline.ts';
import { limits } from '../../src/limits.ts';
import { faultCases, sound } from './fault-cases.ts';

const options = {
  directory: '/etc/keyferry',
  drivers: ['bridge-serial'],
  ports: { 'bridge-serial': 'serial' },
};
const explain = (text: string) => explainConfig(text, options);

describe('a sound configuration', () => {
  test('has no fault, its defaults filled in and its paths absolute', () => {
    const { config, faults } = explain(sound);
    assert.deepEqual(faults, []);
    assert.equal(config?.data_directory, '/etc/keyferry/data');
    assert.deepEqual(config?.node_key, { file: '/etc/keyferry/node.key' });
    assert.equal(config?.control.socket, '/run/keyferry/control.sock');
    assert.equal(config?.log.level, 'info');
    assert.equal(config?.links[0]?.baud_rate, 115_200);
    assert.deepEqual(config?.links[0]?.port, { path: '/dev/null' });
    assert.equal(config?.supply?.client_ca, '/etc/keyferry/application-ca.pem');
    assert.equal(config?.supply?.default_key_bits, 256);
    const usual = { max_keys: 2_097_152, when_full: 'refuse', max_age_hours: 24 };
    assert.deepEqual(config?.pools, [{ kma_id: 'C', low_water_keys: 10, ...usual }]);
  });

  test('needs no more than an ID, two directories and certificates', () => {
    const text =
      'kma_id: A\ndata_directory: /d\nnode_key: {credential: k}\nkx: {certificate: c, private_key: k, ca: a}';
    const { config, faults } = explain(text);
    assert.deepEqual(faults, []);
    assert.deepEqual(config?.links, []);
    assert.deepEqual(config?.kx.peers, []);
    assert.equal(config?.supply, undefined);
  });

  test('may name a neighbour by an IPv6 address and use an alias', () => {
    const text = sound.replace('192.0.2.2:4163', '"[2001:db8::2]:4163"').replace('kma_id: B', 'kma_id: &b B');
    assert.deepEqual(explain(text.replace('via: [B]', 'via: [*b]')).faults, []);
  });
});

describe('one fault', () => {
  for (const { code, replace, by, path, place, remedy } of faultCases) {
    test(`${code} is found at ${path || 'the text'} when ${JSON.stringify(replace)} is ${JSON.stringify(by.slice(0, 40))}`, () => {
      assert.equal(sound.split(replace).length, 2, 'the piece to replace is there once');
      const { config, faults } = explain(sound.replace(replace, by));
      assert.equal(config, undefined);
      assert.equal(faults.length, 1, JSON.stringify(faults));
      const fault = faults[0]!;
      assert.equal(fault.code, code);
      assert.equal(fault.path, path);
      assert.equal(`${fault.line}:${fault.column}`, place);
      assert.ok(fault.remedy.includes(remedy), fault.remedy);
      assert.equal(fault.remedy.at(-1)?.match(/[.?]/)?.length, 1, 'the remedy is a sentence');
    });
  }
});

describe('many faults', () => {
  test('are all told, in the order of the file', () => {
    const text = sound
      .replace('kma_id: A', 'kma_id: "A b"')
      .replace('via: [B]', 'via: 3')
      .replace('low_water', 'low');
    const { faults } = explain(text);
    const codes = faults.map((fault) => `${fault.line} ${fault.code}`);
    assert.deepEqual(codes, [
      '1 configuration.value',
      '16 configuration.type',
      '34 configuration.unknown_key',
    ]);
  });

  test('print as a line that an editor can follow', () => {
    const fault = explain(sound.replace('192.0.2.2:4163', 'x')).faults[0]!;
    assert.equal(
      faultLine('config.yaml', fault),
      'config.yaml:12:16  kx.peers[0].address  is not HOST:PORT or [IPV6]:PORT with a port of 1 to 65535 — Write it like "address: 192.0.2.2:4163".',
    );
  });
});

describe('what is no configuration', () => {
  test('is a fault when the text is empty or only comments', () => {
    for (const text of ['', '# nothing\n', '---\n'])
      assert.deepEqual(
        explain(text).faults.map((fault) => fault.code),
        ['configuration.empty'],
      );
  });

  test('is a fault when it is two documents, or a list', () => {
    assert.equal(explain('a: 1\n---\nb: 2\n').faults[0]?.code, 'configuration.yaml');
    assert.equal(explain('- a\n').faults[0]?.code, 'configuration.type');
  });

  test('is refused unread when it is larger than the limit', () => {
    const text = `${sound}#${'x'.repeat(limits.configBytesMax)}`;
    assert.equal(explain(text).faults[0]?.code, 'configuration.yaml');
  });

  test('is a fault, not a crash, when aliases multiply or brackets nest', () => {
    const rows = ['a: &a [x,x,x,x,x,x,x,x,x,x]'];
    for (let i = 0; i < 9; i++) {
      const from = String.fromCharCode(97 + i);
      rows.push(`${String.fromCharCode(98 + i)}: &${String.fromCharCode(98 + i)} [${`*${from},`.repeat(9)}]`);
    }
    assert.match(explain(rows.join('\n')).faults[0]!.message, /too many aliases/);
    assert.equal(explain('['.repeat(100_000)).faults[0]?.code, 'configuration.yaml');
  });

  test('is a fault at its place when a value begins with a star, and the quotes are named', () => {
    const open = sound.replace('listen: 127.0.0.1:8443', 'listen: *:8443');
    assert.notEqual(open, sound);
    const line = open.split('\n').findIndex((one) => one.includes('*:8443'));
    const column = open.split('\n')[line]!.indexOf('*') + 1;
    const fault = {
      code: 'configuration.yaml',
      path: '',
      line: line + 1,
      column,
      message: '*:8443 is read as an alias of YAML, and there is no &:8443 before it',
      remedy: 'Put it in quotes, if it is meant as it stands: "*:8443".',
    };
    assert.deepEqual(explain(open).faults, [fault]);
    const [late] = explain('a: [&one 1, *one]\n*one : 2\nb: *two\nc: &two 2\n').faults;
    assert.deepEqual([late?.line, late?.column], [3, 4], 'an anchor that comes later is none');
  });

  test('never sets a prototype', () => {
    const { faults } = explain(`${sound}__proto__: {log: {level: debug}}\n`);
    assert.deepEqual(
      faults.map((fault) => [fault.code, fault.path]),
      [['configuration.unknown_key', '__proto__']],
    );
  });

  test('never makes it throw, whatever the text', () => {
    const junk = fc.oneof(fc.string({ unit: 'binary' }), fc.json(), fc.anything().map(safeYaml));
    fc.assert(
      fc.property(junk, (text) => {
        const { config, faults } = explain(text);
        assert.equal(config === undefined, faults.length > 0);
        for (const fault of faults) assert.ok(fault.line >= 1 && fault.column >= 1);
      }),
      { numRuns: 300, seed: 4163 },
    );
  });

  test('never makes it throw when any field of a sound one holds anything', () => {
    const paths = [...outline().keys()].filter((path) => path !== '' && !path.includes('[]'));
    fc.assert(
      fc.property(fc.constantFrom(...paths), fc.jsonValue(), (path, value) => {
        const text = `${path
          .split('.')
          .map((key, i) => `${'  '.repeat(i)}${key}:`)
          .join('\n')} ${JSON.stringify(value)}`;
        assert.ok(explain(text).faults.length > 0);
      }),
      { numRuns: 300, seed: 4163 },
    );
  });
});

function safeYaml(value: unknown): string {
  try {
    return stringify(value) ?? '';
  } catch {
    return '';
  }
}
