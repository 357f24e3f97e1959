import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { SerialPort } from 'serialport';
import { openSerial } from '../../drivers/ports/serial.ts';
import type { ByteLink } from '../../src/env/byte-link.ts';
import { until } from '../manual-clock.ts';
import { type BareTerminal, bareTerminal } from './bare-terminal.ts';

/** How often each fault is provoked. */
const ROUNDS = Number(process.env['KEYFERRY_PORT_FAULTS'] ?? 12);
/** Who reads on and on comes to more in no time, on any machine; who is told when there is something, never does. */
const SPINNING_READS = 1_000;
const open: BareTerminal[] = [];

after(() => {
  for (const terminal of open) terminal.hangUp();
});

async function terminal(): Promise<BareTerminal> {
  const made = await bareTerminal();
  open.push(made);
  return made;
}

type Opened = { readonly link: ByteLink; readonly closes: string[]; bytes: number };

async function openOn(path: string, onData: () => void = () => {}): Promise<Opened> {
  const closes: string[] = [];
  const opened = { closes, bytes: 0 };
  const link = await openSerial(
    { path, baudRate: 115_200 },
    {
      onData(chunk) {
        opened.bytes += chunk.length;
        onData();
      },
      onClosed: (reason) => closes.push(reason),
    },
  );
  return Object.assign(opened, { link });
}

test('a port that an agent has open is in use for every other', async () => {
  const far = await terminal();
  const near = await openOn(far.path);
  await assert.rejects(openOn(far.path), { code: 'host.port-open', remedy: /End the other program/ });
  near.link.close('the test ends');
  await until('it is closed', () => near.closes.length === 1);
  const again = await openOn(far.path);
  again.link.close('the test ends');
  await until('it is closed again', () => again.closes.length === 1);
});

/** Calls of this process that read from anything, as the kernel counts them. */
function readsSoFar(): number {
  return Number(/^syscr: (\d+)/m.exec(readFileSync('/proc/self/io', 'latin1'))![1]);
}

/** Several chunks, so that the hang-up finds some unread. */
function burst(far: BareTerminal): void {
  for (let i = 0; i < 8; i++) far.write(Buffer.alloc(3_000, 7));
}

test('a hang-up right after data is noticed without a write, reported once, and costs a few reads', async () => {
  for (let round = 0; round < ROUNDS; round++) {
    const far = await terminal();
    const near = await openOn(far.path, () => far.hangUp());
    burst(far);
    const before = readsSoFar();
    await until('the hang-up is noticed', () => near.closes.length > 0);
    const reads = readsSoFar() - before;
    assert(near.bytes > 0, 'the hang-up came after data');
    assert(reads < SPINNING_READS, `${reads} reads for one hang-up`);
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal(near.closes.length, 1);
  }
});

// Proves that the test above provokes what it is about. When this one fails, drivers/ports/serial-read.ts can go.
test('serialport by itself misses such a hang-up within a few tries, and spins', async () => {
  let missed = false;
  for (let round = 0; round < 40 && !missed; round++) {
    const far = await terminal();
    const port = new SerialPort({ path: far.path, baudRate: 115_200, hupcl: false, autoOpen: false });
    await new Promise<void>((resolve, reject) => {
      port.open((error) => (error ? reject(error) : resolve()));
    });
    port.on('error', () => {}).on('data', () => far.hangUp());
    burst(far);
    await far.gone;
    const before = readsSoFar();
    const spins = () => readsSoFar() - before > SPINNING_READS;
    await until('it is noticed or read in vain', () => !port.isOpen || spins());
    missed = port.isOpen;
    if (port.isOpen) await new Promise((resolve) => port.close(resolve));
  }
  assert(missed);
});

test('a hang-up under a blocked write is reported once, and gives the bytes back', async () => {
  for (let round = 0; round < ROUNDS; round++) {
    const far = await terminal();
    const near = await openOn(far.path);
    far.deaf();
    let taken = 0;
    const pieces = 40;
    for (let i = 0; i < pieces; i++) near.link.write(Buffer.alloc(8_192, 0x41), () => (taken += 1));
    await until('the terminal is full', () => near.link.queuedBytes > 0);
    await new Promise((resolve) => setTimeout(resolve, 30));
    assert(taken < pieces, 'the terminal holds the writer');
    far.hangUp();
    await until('the hang-up is noticed', () => near.closes.length > 0);
    await until('all is given back', () => taken === pieces);
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal(near.closes.length, 1);
  }
});

test('what was written to a link that has gone never reaches the next one', async () => {
  for (let round = 0; round < ROUNDS; round++) {
    const first = await terminal();
    const near = await openOn(first.path);
    first.hangUp();
    near.link.write(Buffer.from('before it was noticed'));
    await until('the hang-up is noticed', () => near.closes.length > 0);
    let taken = false;
    near.link.write(Buffer.from('after it was noticed'), () => (taken = true));
    assert(taken, 'it is given back at once');
    const second = await terminal();
    const again = await openOn(second.path);
    again.link.write(Buffer.from('anew'));
    await until('what was written anew', () => second.heard().includes('anew'));
    assert.equal(second.heard().toString(), 'anew');
    again.link.close('the test ends');
    await until('the end', () => again.closes.length === 1);
    second.hangUp();
  }
});
