import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { configurationDoc } from '../../build/configuration-doc.ts';
import { checkConfig, reportText } from '../../src/cli/check.ts';
import { ConfigError, loadConfig } from '../../src/config/load.ts';
import { outline } from '../../src/config/outline.ts';
import { makeTooLongChain, makeWeak } from '../node/kx-chain.ts';
import { makePki, type NodeFolder, nodeFolder } from './node-folder.ts';

const root = resolve(import.meta.dirname, '../..');
let removePki = () => {};
let pki = '';
let node: NodeFolder;
let file = '';

before(async () => {
  const made = await makePki();
  removePki = made.remove;
  pki = made.pki;
  node = nodeFolder(made.pki);
  file = join(node.folder, 'config.yaml');
});
after(() => {
  node?.remove();
  removePki();
});

/** The command as a process, without the rest of the command line around it. */
function run(...args: string[]): { status: number | null; stdout: string } {
  const check = pathToFileURL(join(root, 'src/cli/check.ts')).href;
  const script = `
    import { Command } from 'commander';
    const { register } = await import(${JSON.stringify(check)});
    const program = new Command('keyferry');
    register(program);
    await program.parseAsync(['check', ...${JSON.stringify(args)}], { from: 'user' });`;
  return spawnSync(process.execPath, ['--input-type=module', '--eval', script], {
    cwd: root,
    encoding: 'utf8',
  });
}

describe('keyferry check', () => {
  test('says of a sound node what it would do, and exits with 0', () => {
    const { status, stdout } = run(file);
    assert.equal(status, 0, stdout);
    for (const line of [
      `${file}: no fault`,
      'kx: dials B at 192.0.2.2:4163',
      'kx: waits for D',
      'link: to B by bridge-serial on /dev/null at 115200 bit/s; any module is believed',
      'route: to C via B; its pool is kept at 10 to 8000 KMA-keys',
      'application app-c: served by C',
    ])
      assert.ok(stdout.split('\n').includes(line), `${line}\n---\n${stdout}`);
  });

  test('speaks of a line speed only where there is a serial line', () => {
    const hid = join(node.folder, 'hid.yaml');
    writeFileSync(hid, readFileSync(file, 'utf8').replaceAll('driver: bridge-serial', 'driver: bridge-hid'));
    const { stdout } = run(hid);
    assert.match(stdout, /^link: to B by bridge-hid on \/dev\/null; /m);
  });

  test('prints faults as JSON with --json, and exits with 1', () => {
    const bad = join(node.folder, 'bad.yaml');
    writeFileSync(bad, readFileSync(file, 'utf8').replace('kx.pem', 'kx.pom'));
    const { status, stdout } = run(bad, '--json');
    assert.equal(status, 1);
    const report = JSON.parse(stdout) as Awaited<ReturnType<typeof checkConfig>>;
    assert.deepEqual(
      report.faults.map(({ code, path, line, column }) => ({ code, path, line, column })),
      [{ code: 'configuration.file_missing', path: 'kx.certificate', line: 7, column: 16 }],
    );
    assert.deepEqual(report.summary, []);
  });

  test('tells of a file that is not there, or is no text, as of any fault', async () => {
    const absent = join(node.folder, 'absent.yaml');
    assert.match(reportText(await checkConfig(absent)), /absent\.yaml:1:1 {2}there is no such file — /);
    const binary = join(node.folder, 'binary.yaml');
    writeFileSync(binary, Buffer.from([0xff, 0xfe, 0x80]));
    assert.equal((await checkConfig(binary)).faults[0]?.code, 'configuration.file_unreadable');
    assert.equal((await checkConfig(node.folder)).faults[0]?.code, 'configuration.file_kind');
  });

  test('knows the drivers of this build', async () => {
    const bad = join(node.folder, 'driver.yaml');
    writeFileSync(bad, readFileSync(file, 'utf8').replace('bridge-serial', 'bridge-cereal'));
    assert.equal((await checkConfig(bad)).faults[0]?.code, 'configuration.unknown_driver');
  });

  for (const [what, make, reason] of [
    ['that each by itself are as they should be', makeTooLongChain, /PATH_LENGTH_EXCEEDED/],
    ['whose key is too short for it', makeWeak, /TLS does not take it: .*key too small/],
  ] as const)
    test(`has TLS try out certificates ${what}`, async () => {
      const tried = nodeFolder(pki);
      try {
        const { certificate, privateKey, ca } = await make();
        writeFileSync(join(tried.folder, 'kx.pem'), certificate);
        writeFileSync(join(tried.folder, 'kx.key'), privateKey);
        writeFileSync(join(tried.folder, 'kx-ca.pem'), ca);
        const [fault] = (await checkConfig(join(tried.folder, 'config.yaml'))).faults;
        assert.equal(fault?.code, 'configuration.certificate_refused');
        assert.deepEqual([fault?.path, fault?.line], ['kx.certificate', 7]);
        assert.match(fault?.message ?? '', reason);
      } finally {
        tried.remove();
      }
    });

  test('tells of a tamper switch that is not there', async () => {
    const tampered = join(node.folder, 'tampered.yaml');
    writeFileSync(tampered, `${readFileSync(file, 'utf8')}tamper:\n  file: gpio\n`);
    assert.match(reportText(await checkConfig(tampered)), /WARNING: .*gpio is not there/);
    writeFileSync(tampered, `${readFileSync(file, 'utf8')}tamper:\n  file: gpio\n  value: "1 "\n`);
    const [fault] = (await checkConfig(tampered)).faults;
    assert.deepEqual([fault?.code, fault?.path], ['configuration.value', 'tamper.value']);
  });

  test('notes a relay that has no link to start on', async () => {
    const text = readFileSync(file, 'utf8').replace(/links:\n(?: .*\n)+/, '');
    const unlinked = join(node.folder, 'unlinked.yaml');
    writeFileSync(unlinked, text);
    assert.match(reportText(await checkConfig(unlinked)), /note: no QKD link leads to B/);
  });
});

describe('loading', () => {
  test('gives the configuration with paths that start at its directory', () => {
    assert.equal(loadConfig(file).kx.certificate, join(node.folder, 'kx.pem'));
  });

  test('throws one error of the configuration that lists every fault', () => {
    const bad = join(node.folder, 'two.yaml');
    writeFileSync(bad, readFileSync(file, 'utf8').replace('kma_id: A', 'kma_id: "?"').replace('[B]', '3'));
    assert.throws(
      () => loadConfig(bad),
      (thrown) =>
        thrown instanceof ConfigError &&
        thrown.fault === 'configuration' &&
        thrown.faults.length === 2 &&
        /2 faults:\n.*:1:9 {2}kma_id .*\n.*:16:12 {2}kx\.routes/.test(thrown.message),
    );
  });
});

describe('docs/configuration.md', () => {
  test('is what the schema says today', async () => {
    for (const { path, content } of await configurationDoc())
      assert.equal(readFileSync(join(root, path), 'utf8'), content, 'run: npm run generate');
  });

  test('has an example that loads and that uses every section', () => {
    const text = readFileSync(join(root, 'docs/configuration.md'), 'utf8');
    const example = /```yaml\n([\s\S]*?)```/.exec(text)?.[1] ?? '';
    const folder = mkdtempSync(join(tmpdir(), 'keyferry-example-'));
    try {
      const place = join(folder, 'config.yaml');
      writeFileSync(place, example);
      const config = loadConfig(place, { drivers: ['bridge-serial'] });
      assert.equal(config.kma_id, 'A');
      for (const key of outline().get('')?.keys ?? []) assert.match(example, new RegExp(`^${key}:`, 'm'));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test('describes every field', () => {
    const described = [...outline().values()].filter(({ path }) => path !== '' && !path.endsWith('[]'));
    assert.ok(described.length > 40);
    for (const field of described) assert.match(field.description, /^[A-Z"'].*\.$/s, field.path);
  });
});
