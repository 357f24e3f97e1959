import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { limits } from '../../src/limits.ts';
import { systemClock } from '../../src/node/clock.ts';
import { createKxTransport } from '../../src/node/kx-tls.ts';
import { until } from '../manual-clock.ts';
import { Material, openTo, Taker } from './kx-material.ts';

// A network of its own for each run.
const NET = `10.213.${(process.pid >> 6) & 0xff}`;
const HERE = `${NET}.${(process.pid & 0x3f) * 4 + 1}`;
const THERE = `${NET}.${(process.pid & 0x3f) * 4 + 2}`;

const ip = (...parameters: string[]) => spawnSync('ip', parameters).status === 0;

/** A network namespace at the other end of a cable. @returns its name; undefined where none can be made */
function namespace(t: TestContext): string | undefined {
  const name = `kf${process.pid}`;
  if (!ip('netns', 'add', name)) return undefined;
  t.after(() => ip('netns', 'del', name));
  const inside = (...parameters: string[]) => ip('-n', name, ...parameters);
  const made =
    ip('link', 'add', `${name}a`, 'type', 'veth', 'peer', 'name', 'cable', 'netns', name) &&
    ip('addr', 'add', `${HERE}/30`, 'dev', `${name}a`) &&
    ip('link', 'set', `${name}a`, 'up') &&
    inside('addr', 'add', `${THERE}/30`, 'dev', 'cable') &&
    inside('link', 'set', 'cable', 'up');
  return made ? name : undefined;
}

test('a plain peer behind a network that went dead is found in time, though nothing is sent', async (t) => {
  const name = namespace(t);
  if (name === undefined) return t.skip('making a network namespace takes root and iproute2');
  const material = await Material.make(t);
  await material.files('A');
  const taker = new Taker();
  const transport = createKxTransport(await material.files('B'), { ...openTo(), clock: systemClock });
  const listener = await transport.listen(HERE, 0, taker.take);
  t.after(() => listener.close());
  const script = fileURLToPath(new URL('./quiet-peer.ts', import.meta.url));
  const parameters = [script, material.directory, HERE, String(listener.port)];
  const peer = spawn('ip', ['netns', 'exec', name, process.execPath, ...parameters], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => peer.kill('SIGKILL'));
  await once(peer.stdout, 'data');
  await until('it is here', () => taker.taken.length === 1);
  assert.equal(taker.taken[0]?.identity.protocol, undefined);
  // What is on its way at that moment would be sent again and again for as long as the system says, and not asked after.
  await new Promise((resolve) => setTimeout(resolve, 500));
  // From now on what is sent there is lost, and no packet says so. (A cable that is cut at our end would not do: the system knows.)
  assert.ok(ip('-n', name, 'addr', 'del', `${THERE}/30`, 'dev', 'cable'));
  const startMs = performance.now();
  await until('it is found', () => taker.taken[0]?.closed !== undefined, 60_000);
  const ms = performance.now() - startMs;
  assert.ok(ms > limits.kxPingMs && ms <= limits.kxSilenceMs + 2_000, `${ms} ms`);
  assert.match(taker.taken[0]?.closed ?? '', /ETIMEDOUT|EHOSTUNREACH/);
});
