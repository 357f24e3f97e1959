import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('../../build/keyferry', import.meta.url));

type DemoFile = {
  nodes: { kma_id: string; pid: number; supply_url: string | null; control_socket: string; config: string }[];
  modules: { pid: number }[];
  applications: { sae_id: string; kma_id: string; cert: string; key: string; ca: string }[];
};
type Answer = { status: number; body: { keys?: { key_ID: string; key: string }[] } };

test('the demo stays with --keep, tells how to reach its nodes, and leaves nothing behind', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'keyferry-demo-test-'));
  const demo = spawn(PROGRAM, ['demo', '--keep', '--dir', dir], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => {
    if (demo.exitCode === null) demo.kill('SIGINT');
    rmSync(dir, { recursive: true, force: true });
  });
  let shown = '';
  demo.stdout.setEncoding('utf8').on('data', (text: string) => {
    shown += text;
  });
  const file = join(dir, 'demo.json');
  const endMs = performance.now() + 90_000;
  // What it writes may be there before what it says has come through the pipe.
  while (!existsSync(file) || !/^Running\./m.test(shown)) {
    assert.ok(demo.exitCode === null && performance.now() < endMs, `the demo did not come up: ${shown}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const network = JSON.parse(readFileSync(file, 'utf8')) as DemoFile;
  assert.match(shown, /50 +50 +yes/, 'the table says that all keys compared were equal');

  await t.test('an application at A and one at C get the same key, once, and no other does', () =>
    fetchKeys(network),
  );
  await t.test('status and relay speak to an agent', () => commands(network));

  demo.kill('SIGINT');
  const [code] = await once(demo, 'exit');
  assert.equal(code, 0);
  for (const { pid } of [...network.nodes, ...network.modules])
    assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' }, `process ${pid} is still there`);
});

test('the demo starts nothing where it could not come through, and says why', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'keyferry-demo-test-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const marks = run('demo', '--dir', dir, '--low-water', '2000');
  await assert.rejects(marks, /^Error: 2: error: --low-water 2000 is above --high-water 1500/);
  assert.deepEqual(readdirSync(dir), []);
  mkdirSync(join(dir, 'pki'));
  await assert.rejects(run('demo', '--dir', dir), (error: Error) => {
    assert.match(error.message, /^1: .* holds the files of a demo already\n {2}Name another directory/);
    return !error.message.includes('--force');
  });
  assert.deepEqual(readdirSync(dir), ['pki']);
});

async function fetchKeys(network: DemoFile): Promise<void> {
  const taken = await call(network, 'app-a', 'app-c/enc_keys?number=2&size=128');
  assert.equal(taken.status, 200);
  const ids = taken.body.keys!.map((key) => key.key_ID);
  const query = `app-a/dec_keys?key_ID=${ids[0]}`;
  assert.equal((await call(network, 'other-c', query)).status, 401);
  const found = await call(network, 'app-c', query);
  assert.deepEqual(found.body.keys, [taken.body.keys![0]]);
  assert.equal(Buffer.from(found.body.keys![0]!.key, 'base64').length, 16);
  assert.equal((await call(network, 'app-c', query)).status, 400);
  assert.equal((await call(network, 'app-c', `app-a/dec_keys?key_ID=${ids[1]}`)).status, 200);
  const forged = '2c4f4c4e-1b1b-4b1b-8b1b-1b1b1b1b1b1b';
  assert.equal((await call(network, 'app-c', `app-a/dec_keys?key_ID=${forged}`)).status, 400);
}

async function commands(network: DemoFile): Promise<void> {
  const [a] = network.nodes;
  const status = JSON.parse(await run('status', '--json', '--socket', a!.control_socket)) as {
    kma_id: string;
  };
  assert.equal(status.kma_id, 'A');
  assert.match(await run('status', '--config', a!.config), /one-time pad/);
  assert.match(await run('relay', 'C', '--keys', '3', '--config', a!.config), /^relayed 3 keys to C in /);
  await assert.rejects(run('relay', 'B', '--config', a!.config), /relay\.linked/);
  await assert.rejects(run('relay', 'Z', '--config', a!.config), /relay\.no_route/);
  assert.match(await run('check', a!.config), /\S/);
}

function run(...parameters: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(PROGRAM, parameters, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`${error.code}: ${stderr}`));
    });
  });
}

function call(network: DemoFile, saeId: string, path: string): Promise<Answer> {
  const application = network.applications.find((one) => one.sae_id === saeId)!;
  const url = network.nodes.find((node) => node.kma_id === application.kma_id)!.supply_url;
  const tls = {
    cert: readFileSync(application.cert),
    key: readFileSync(application.key),
    ca: readFileSync(application.ca),
  };
  return new Promise((resolve, reject) => {
    const asked = request(`${url}/api/v1/keys/${path}`, { ...tls, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => {
        body += text;
      });
      response.on('end', () =>
        resolve({ status: response.statusCode!, body: JSON.parse(body) as Answer['body'] }),
      );
    });
    asked.on('error', reject).end();
  });
}
