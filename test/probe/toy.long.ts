import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import { initPki, issueNode } from '../../src/pki/pki.ts';
import { allChecks } from '../../src/probe/checks/all.ts';
import type { ProbeOptions } from '../../src/probe/probe.ts';
import { type Finding, runChecks } from '../../src/probe/run.ts';
import { legal } from './legal-kms.ts';
import { planted } from './planted-faults.ts';
import { type ToyFaults, type ToyFiles, ToyKm } from './toy-km.ts';

const directory = mkdtempSync(join(tmpdir(), 'keyferry-probe-'));
before(async () => {
  await initPki(directory);
  for (const kmaId of ['A', 'B', 'P']) await issueNode(directory, kmaId);
});
after(() => rmSync(directory, { recursive: true, force: true }));

function filesOf(kmaId: string): ToyFiles {
  const read = (name: string) => readFileSync(join(directory, name));
  return { cert: read(`nodes/${kmaId}/kx.pem`), key: read(`nodes/${kmaId}/kx.key`), ca: read('kx-ca.pem') };
}

type Toy = { faults?: ToyFaults; certificate?: string; keyferry?: boolean };

async function probeToy(
  t: TestContext,
  toy: Toy,
  names: readonly string[],
  timeoutMs: number,
): Promise<Finding[]> {
  const km = new ToyKm('A', filesOf(toy.certificate ?? 'A'), toy.faults, toy.keyferry);
  t.after(() => km.stop());
  await km.listen();
  const { cert: certificate, key: privateKey, ca } = filesOf('P');
  const options: ProbeOptions = {
    ...{
      host: '127.0.0.1',
      port: km.port,
      certificate,
      privateKey,
      ca,
      self: 'P',
      kmaId: 'A',
      timeoutMs,
      connectionsPerSecond: 1_000,
    },
    ...{ furtherDestination: 'C', protocol: toy.keyferry === true ? 'keyferry' : 'plain' },
    ...{ spelling: 'source_KMA_ID', unprotectedKey: true },
  };
  return runChecks(
    allChecks.filter(({ name }) => names.includes(name)),
    options,
  );
}

const namesFor = (protocol: 'plain' | 'keyferry') =>
  allChecks.filter((check) => (check.protocol ?? protocol) === protocol).map(({ name }) => name);
const brief = (findings: readonly Finding[]) =>
  findings.map(({ name, result, reason }) => `${name}: ${result} (${reason})`);
const lines = (findings: readonly Finding[], result: Finding['result']) =>
  brief(findings.filter((one) => one.result === result));

for (const protocol of ['plain', 'keyferry'] as const)
  test(`a toy KM that does well passes every check (${protocol})`, async (t) => {
    const findings = await probeToy(t, { keyferry: protocol === 'keyferry' }, namesFor(protocol), 2_000);
    assert.deepEqual([...lines(findings, 'fail'), ...lines(findings, 'not-answered')], []);
    assert.ok(findings.length >= 25);
  });

for (const { name, faults, check, says } of legal)
  test(`so does one that ${name}`, async (t) => {
    const findings = await probeToy(t, { faults }, namesFor('plain'), 2_000);
    assert.deepEqual([...lines(findings, 'fail'), ...lines(findings, 'not-answered')], []);
    assert.match(findings.find(({ name }) => name === check)!.reason, says);
  });

for (const { name, checks, because = /./, ...toy } of planted)
  test(`found: a toy KM that ${name}`, async (t) => {
    const findings = await probeToy(t, toy, checks, 400);
    assert.equal(findings.length, checks.length, 'every check named is there');
    assert.deepEqual(
      brief(findings).filter((line) => !line.includes(': fail (')),
      [],
    );
    for (const { reason } of findings) assert.match(reason, because);
  });

// What these ask for a KM may refuse: the answer is then that it did not.
const NEVER_FAIL = [
  ...['accepted', 'optional-absent', 'optional-present', 'several-keys', 'short-keys', 'key-id-form'],
  ...[
    'spelling-1',
    'spelling-2',
    'spelling-3',
    'spelling-4',
    'transit-named',
    'transit-unnamed',
    'transit-extensions',
  ],
];

test('every check that can fail is made to fail by a planted fault, but for the first, which fails without a KM', async (t) => {
  const found = new Set(planted.flatMap(({ checks }) => checks));
  const rest = allChecks.map(({ name }) => name).filter((name) => !found.has(name));
  assert.deepEqual(rest.sort(), [...NEVER_FAIL, 'tls'].sort());
  const refusing = await probeToy(
    t,
    { faults: { completion: (m) => ({ ...m, response: 'no' }) } },
    NEVER_FAIL,
    1_000,
  );
  assert.deepEqual(lines(refusing, 'fail'), []);
  assert.ok(lines(refusing, 'not-answered').length >= 9);
});

test('a KM that is not there, or says nothing, costs the probe a bounded time', async (t) => {
  const { cert: certificate, key: privateKey, ca } = filesOf('P');
  const common = {
    host: '127.0.0.1',
    certificate,
    privateKey,
    ca,
    self: 'P',
    timeoutMs: 200,
    connectionsPerSecond: 1_000,
  } as const;
  const options = { ...common, protocol: 'plain', spelling: 'source_KMA_ID', unprotectedKey: true } as const;
  const startMs = performance.now();
  const gone = await runChecks(allChecks, { ...options, port: 1 });
  assert.equal(gone[0]?.result, 'fail');
  assert.equal(lines(gone, 'fail').length, 1, 'one reason is enough');
  assert.equal(lines(gone, 'pass').length, 0);
  const { createServer } = await import('node:net');
  const hole = createServer(() => {});
  t.after(() => hole.close());
  await new Promise<void>((done) => hole.listen(0, '127.0.0.1', done));
  const silent = await runChecks(allChecks, { ...options, port: (hole.address() as { port: number }).port });
  assert.equal(lines(silent, 'pass').length, 0);
  assert.ok(performance.now() - startMs < 20_000);
});
