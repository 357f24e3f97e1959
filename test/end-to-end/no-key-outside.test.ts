import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { get } from 'node:http';
import { join } from 'node:path';
import { test } from 'node:test';
import { callAgent } from '../../src/cli/control-client.ts';
import type { Lab } from '../../src/cli/demo/lab.ts';
import { EventStream, encKeys } from './event-stream.ts';
import { applicationOf, keyIdsOf, keysOf, labFor, ownKeys, startAll, statusOf, until } from './lab.ts';

const WINDOW = 8;

test('logs, status, metrics, stores and audit trails hold no key in any encoding, and what an agent keeps is for its user alone', async (t) => {
  const umask = process.umask(0o022);
  t.after(() => process.umask(umask));
  const lab = await labFor(t, { logLevel: 'debug', lowWater: 100, highWater: 400 });
  startAll(lab);
  await until(lab, 'A', 'the relay pool is filled', (status) => ownKeys(status, 'C') >= 100);
  const keys = await supplied(lab);
  const texts = new Map<string, Buffer>();
  for (const { kmaId, socket } of lab.nodes) {
    texts.set(`status of ${kmaId}`, Buffer.from(JSON.stringify(await statusOf(lab, kmaId))));
    const kernel = readFileSync(`/proc/${lab.programs.get(kmaId)!.pid}/status`, 'latin1');
    assert.match(kernel, /^Umask:\s+0077$/m, 'also what it makes from now on');
    const metrics = await metricsAt(socket);
    assert.match(metrics, /^keyferry_pool_keys\{/m);
    texts.set(`metrics of ${kmaId}`, Buffer.from(metrics));
  }
  await lab.stop();
  for (const file of readdirSync(lab.directory)) {
    if (file.endsWith('.log')) texts.set(file, readFileSync(join(lab.directory, file)));
  }
  const trails: string[] = [];
  for (const { kmaId } of lab.nodes) {
    const data = join(lab.directory, kmaId, 'data');
    const files = readdirSync(data, { recursive: true, withFileTypes: true }).filter((file) => file.isFile());
    for (const { parentPath, name } of files) {
      const path = join(parentPath, name);
      texts.set(path, readFileSync(path));
      assert.equal(statSync(path).mode & 0o077, 0, path);
      if (name.startsWith('audit-')) trails.push(path);
    }
  }
  assert.equal(trails.length, lab.nodes.length, 'every node has an audit trail');
  for (const [i, path] of trails.entries()) assert.deepEqual(untold(texts.get(path)!, EVENTS[i]!), [], path);
  const needles = keys.flatMap(encodings);
  assert.ok(
    texts.size >= 13 && needles.length >= 100,
    'there is something to search, and something to search for',
  );
  for (const [name, text] of texts)
    for (const needle of needles) assert.ok(!text.includes(needle), `${name} holds key of an application`);
  const planted = Buffer.concat([Buffer.from('{"event":"'), needles.at(-1)!]);
  assert.ok(
    needles.some((needle) => planted.includes(needle)),
    'the search finds what is there',
  );
});

const IN_ALL = ['agent.started', 'agent.stopped', 'module.open', 'block.stored', 'block.ready', 'kx.peer.up'];
/** What the trails of A, B and C have to tell at least. */
const EVENTS = [
  [...IN_ALL, 'relay.sent', 'supply.enc_keys', 'supply.refused', 'control.reload', 'agent.reloaded'],
  [...IN_ALL, 'relay.passed'],
  [...IN_ALL, 'relay.received', 'supply.dec_keys', 'supply.push'],
];

function untold(trail: Buffer, events: readonly string[]): string[] {
  return events.filter((what) => !trail.includes(`"what":"${what}"`));
}

// Some keys that were fetched, some that were taken and never fetched, and some that were pushed.
async function supplied(lab: Lab): Promise<Buffer[]> {
  const master = applicationOf(lab, 'app-a');
  const slave = applicationOf(lab, 'app-c');
  const stream = await EventStream.open(lab, 'app-c', 'app-a');
  try {
    const pushed = await encKeys(lab, { number: 5, extension_mandatory: [{ keyferry_notify: true }] });
    await stream.waitFor(5);
    const taken = await master.encKeys('app-c', 10);
    assert.equal(taken.status, 200);
    assert.equal((await master.encKeys('nobody', 1)).status, 400);
    await callAgent(lab.node('A').socket, 'POST', '/v1/reload');
    assert.equal((await slave.decKeys('app-a', keyIdsOf(taken).slice(0, 5))).status, 200);
    const all = [...keysOf(taken.body).values(), ...keysOf(pushed.body).values()];
    return all.map((key) => Buffer.from(key, 'base64'));
  } finally {
    stream.close();
    master.close();
    slave.close();
  }
}

// Windows of the key as raw bytes, hexadecimal in both cases, base64 in all three alignments, and JSON's number lists.
function encodings(key: Buffer): Buffer[] {
  const found: Buffer[] = [];
  for (let at = 0; at + WINDOW <= key.length; at += WINDOW) {
    const window = key.subarray(at, at + WINDOW);
    found.push(
      window,
      Buffer.from(window.toString('hex')),
      Buffer.from(window.toString('hex').toUpperCase()),
    );
    found.push(Buffer.from([...window].join(',')));
    for (const shift of [0, 1, 2]) {
      const text = key.subarray(at + shift, at + shift + 6);
      if (text.length < 6) continue;
      found.push(Buffer.from(text.toString('base64')), Buffer.from(text.toString('base64url')));
    }
  }
  return found;
}

function metricsAt(socketPath: string): Promise<string> {
  return new Promise((resolve, reject) => {
    get({ socketPath, path: '/metrics' }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve(text));
    }).on('error', reject);
  });
}
