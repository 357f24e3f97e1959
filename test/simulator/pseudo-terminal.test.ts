import assert from 'node:assert/strict';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openedIn, openPseudoTerminal, type PseudoTerminal } from '../../src/simulator/pseudo-terminal.ts';

/** A `script` of ours, found first: writes bytes with the line that names the terminal, as when another has it open already. */
async function withScript(text: string, body: () => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'keyferry-script-'));
  const path = process.env['PATH'] ?? '';
  await writeFile(join(folder, 'script'), `#!/bin/sh\n${text}\n`);
  await chmod(join(folder, 'script'), 0o700);
  process.env['PATH'] = `${folder}:${path}`;
  try {
    await body();
  } finally {
    process.env['PATH'] = path;
    await rm(folder, { recursive: true, force: true });
  }
}

test('bytes that come with the name of the terminal reach the opener whole, and not before it has the terminal', () =>
  withScript('printf "/dev/pts/77 $$\\nearly"; sleep 0.2; printf late; exec sleep 60', async () => {
    let terminal: PseudoTerminal | undefined;
    let got = '';
    await new Promise<void>((resolve, reject) => {
      const onData = (chunk: Buffer): void => {
        if (terminal === undefined) reject(new Error('data before the terminal'));
        got += chunk.toString('latin1');
        if (got === 'earlylate') resolve();
      };
      openPseudoTerminal({ onData, onLost: reject }).then((opened) => {
        terminal = opened;
      }, reject);
    });
    assert.equal(terminal?.path, '/dev/pts/77');
    await terminal.close();
  }));

test('the line that names a terminal is found behind what somebody said too early, and what follows it is kept', () => {
  const said = Buffer.from([0xc3, 0x0a, 0x00, 0x2f, ...Buffer.from('/dev/pts/7 4711\r\n'), 0x0a, 0xff]);
  assert.deepEqual(openedIn(said), { path: '/dev/pts/7', holder: 4711, end: said.length - 2 });
  for (const part of [said.subarray(0, 12), said.subarray(0, said.length - 3), Buffer.alloc(0)])
    assert.equal(openedIn(part), undefined);
});
