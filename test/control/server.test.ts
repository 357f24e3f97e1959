import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, request, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { callAgent } from '../../src/cli/control-client.ts';
import { type Controlled, startControl } from '../../src/control/server.ts';
import type { AgentError } from '../../src/errors.ts';
import { limits } from '../../src/limits.ts';
import { Lines } from '../store/temp-store.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'keyferry-control-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('what nobody has foreseen is answered as a fault of ours, and the agent goes on answering', async () => {
  const log = new Lines();
  const fail = () => Promise.reject(new Error('ENOSPC: no space left on device'));
  const controlled = { rotate: fail, keys: () => ({ pools: [] }) } as unknown as Controlled;
  const socket = join(folder, 'control.sock');
  const stop = await startControl(socket, controlled, log);
  try {
    await assert.rejects(callAgent(socket, 'POST', '/v1/node-key', { file: '/x' }), {
      code: 'us.unexpected',
      message: /no space left on device/,
    });
    assert.equal(log.of('control.failed').length, 1);
    assert.deepEqual(await callAgent(socket, 'GET', '/v1/keys'), { pools: [] });
    for (const path of ['//', 'http://[', '/v2'])
      await assert.rejects(callAgent(socket, 'GET', path), { code: 'control.unknown' });
    assert.equal(log.of('control.failed').length, 1);
  } finally {
    await stop();
  }
});

test('a directory that cannot be made is a fault of the host, with its remedy', async () => {
  writeFileSync(join(folder, 'file'), '');
  const socket = join(folder, 'file/keyferry/control.sock');
  await assert.rejects(startControl(socket, {} as Controlled, new Lines()), {
    code: 'host.control_failed',
    remedy: /writable/,
  });
});

/** Whatever it says, it says it to one call. */
async function answering(answer: (response: ServerResponse) => void): Promise<unknown> {
  const socket = join(folder, 'control.sock');
  const server = createServer((_, response) => answer(response));
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  try {
    return await callAgent(socket, 'GET', '/v1/status');
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

test('an agent that hangs is said to within ten seconds, to whoever only looks', async () => {
  await assert.rejects(
    answering(() => {}),
    { code: 'host.agent_silent', message: /within 10 s/ },
  );
});

test('an answer that is cut off is said to be, whatever length it had', { timeout: 10_000 }, async () => {
  for (const headers of [{}, { 'Content-Length': 100 }]) {
    const cut = answering((response) => {
      response.writeHead(200, headers).write('{"kma_id":');
      setTimeout(() => response.destroy(), 50);
    });
    await assert.rejects(cut, {
      code: 'host.agent_unreachable',
      message: /broke off before its answer was whole/,
    });
  }
});

test('an order that was taken and not answered is not said to have met no agent', async () => {
  const message = /broke off before its answer was whole/;
  const dead = answering((response) => response.destroy());
  await assert.rejects(dead, { code: 'host.agent_unreachable', message });
});

test('an answer that is no JSON object is said to be none', async () => {
  for (const text of ['<html>Bad gateway</html>', 'null', '']) {
    const refusal = { code: 'us.unexpected', message: /does not answer as an agent does/ };
    await assert.rejects(
      answering((response) => response.end(text)),
      refusal,
    );
    await assert.rejects(
      answering((response) => response.writeHead(502).end(text)),
      refusal,
    );
  }
});

test('the document of the control socket has every path', async () => {
  const socket = join(folder, 'control.sock');
  const stop = await startControl(socket, {} as Controlled, new Lines());
  try {
    const text = readFileSync(new URL('../../docs/control.md', import.meta.url), 'utf8');
    await assert.rejects(callAgent(socket, 'GET', '/v1/nothing'), (error: AgentError) => {
      const paths = error.remedy.match(/(GET|POST) [/\w-]*\w/g) ?? [];
      for (const path of paths) assert.ok(text.includes(`\`${path}\``), path);
      return paths.length > 5;
    });
  } finally {
    await stop();
  }
});

test('a file that is no socket is left where it is', async () => {
  const socket = join(folder, 'control.sock');
  writeFileSync(socket, 'precious');
  await assert.rejects(startControl(socket, {} as Controlled, new Lines()), {
    code: 'host.control_failed',
    message: /no socket/,
  });
  assert.equal(readFileSync(socket, 'utf8'), 'precious');
});

test('a directory where none may be made is a fault of the host', async () => {
  await assert.rejects(startControl('/proc/nowhere/a/control.sock', {} as Controlled, new Lines()), {
    code: 'host.control_failed',
  });
});

test('the socket is for the user of the agent alone', async () => {
  const socket = join(folder, 'control.sock');
  const umask = process.umask(0);
  const stop = await startControl(socket, {} as Controlled, new Lines()).finally(() => process.umask(umask));
  try {
    assert.equal(statSync(socket).mode & 0o777, 0o600);
  } finally {
    await stop();
  }
});

test('a body is taken up to its greatest length, and refused beyond it', async () => {
  const socket = join(folder, 'control.sock');
  const controlled = { rotate: () => Promise.resolve({}) } as unknown as Controlled;
  const stop = await startControl(socket, controlled, new Lines());
  const answer = (bytes: number) =>
    new Promise<string>((resolve, reject) => {
      const call = request({ socketPath: socket, method: 'POST', path: '/v1/node-key', agent: false });
      call.on('response', (response) => {
        response.setEncoding('utf8').once('data', (text) => resolve(`${response.statusCode} ${text}`));
        response.on('error', reject);
      });
      call.on('error', reject);
      call.end('{"file":"/x"}'.padEnd(bytes));
    });
  try {
    assert.equal(await answer(limits.controlBodyBytesMax), '200 {}\n');
    assert.match(await answer(limits.controlBodyBytesMax + 1), /^400 .*the body is too long/);
  } finally {
    await stop();
  }
});
