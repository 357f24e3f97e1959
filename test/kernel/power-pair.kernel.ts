import assert from 'node:assert/strict';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Lab } from '../../src/cli/demo/lab.ts';
import { until } from '../end-to-end/lab.ts';
import { buildC, SANITIZED, whyNoC } from '../firmware-bridge/c-build.ts';
import { CModule, type CModuleReport } from '../firmware-bridge/c-module.ts';
import { Random } from '../fuzz/random.ts';
import { Book, Pair, waitFor } from '../power/applications.ts';
import { makeExt4, recoverExt4 } from '../power/ext4.ts';
import { checkAgreed, checkBlocks } from '../power/node-stores.ts';
import { configurePair, ENDS, pairApplication } from '../power/pair.ts';
import { LossyDisk, readWriteLog } from '../power/write-log.ts';
import { Guest, type Line, loggedDisk } from './guest.ts';
import { type Image, makeImage, whyNoGuest } from './image.ts';

const CUTS = Number(process.env['KEYFERRY_POWER_CUTS'] ?? 1);
const SEED = Number(process.env['KEYFERRY_SEED'] ?? 1);
const DISK_KIB = 64 * 1024;
const WAIT_MS = 900_000;
/** The ends agree on what both were given within this time, once they are connected. */
const AGREE_MS = 5_000;
const UNSETTLED = 64;
const SHARES = [0, 0.3, 0.7];
const KEYS = 20;

/** Node A in a guest, its data on a disk that loses what was not flushed when the power is cut. */
class GuestA {
  readonly #image: Image;
  readonly #directory: string;
  readonly #devices: readonly string[];
  readonly #random: Random;
  #disk: Buffer;
  #guest: Guest;
  /** Of all that booted. */
  readonly lines: Line[] = [];

  constructor(image: Image, directory: string, devices: readonly string[], random: Random) {
    this.#image = image;
    this.#directory = directory;
    this.#devices = devices;
    this.#random = random;
    writeFileSync(this.#at('disk'), '');
    truncateSync(this.#at('disk'), DISK_KIB * 1024);
    makeExt4(this.#at('disk'), DISK_KIB);
    this.#disk = readFileSync(this.#at('disk'));
    this.#guest = this.#boot();
  }

  /** Cuts the power. @param kept the share of what was not flushed that is on the disk all the same. Returns how many writes were not. */
  async cut(kept: number): Promise<number> {
    await this.#guest.end();
    this.lines.push(...this.#guest.lines);
    const disk = new LossyDisk(this.#disk);
    for (const entry of readWriteLog(this.#at('log'))) disk.take(entry);
    this.#disk = disk.afterPowerCut(this.#random, kept);
    writeFileSync(this.#at('disk'), this.#disk);
    return disk.unsynced;
  }

  boot(): void {
    rmSync(this.#at('qmp.sock'), { force: true });
    this.#guest = this.#boot();
  }

  end(): Promise<void> {
    return this.#guest.end();
  }

  /** What it said last, to tell what went wrong. */
  get complaint(): string {
    const unusual = this.#guest.lines.filter((line) => line['event'] !== 'module.acknowledged');
    return unusual
      .slice(-10)
      .map((line) => JSON.stringify(line))
      .join('\n');
  }

  /** Copies the files of the disk. */
  copyFiles(to: string): void {
    copyFileSync(this.#at('disk'), this.#at('copy'));
    recoverExt4(this.#at('copy'), to);
  }

  #at(name: string): string {
    return join(this.#directory, name);
  }

  #boot(): Guest {
    const disk = loggedDisk(this.#at('disk'), this.#at('log'));
    return new Guest(this.#image, this.#directory, [...this.#devices, ...disk]);
  }
}

/** A lab of which the guest is to be A and this machine B, each with a module in C. */
async function prepare(t: TestContext) {
  const directory = mkdtempSync(join(tmpdir(), 'keyferry-power-'));
  const lab = await Lab.make(join(directory, 'lab'), { logLevel: 'debug' });
  t.after(async () => {
    await lab.stop();
    rmSync(directory, { recursive: true, force: true });
  });
  configurePair(lab);
  const { config, socket, kxPort, supplyPort } = lab.node('A');
  const [a, b] = ['A', 'B'].map(
    (kmaId) => lab.modules.find((one) => one.kmaId === kmaId && one.linkId === 'ab')!,
  );
  const text = readFileSync(config, 'utf8')
    .replace(socket, '/lab/control.sock')
    .replaceAll('listen: 127.0.0.1', 'listen: 0.0.0.0')
    .replace(`path: ${a!.tty}`, 'usb: { vendor: "0403", product: "6001", serial: SN42 }');
  writeFileSync(config, text);
  writeFileSync(
    join(lab.directory, 'first'),
    [
      'mkdir -p /lab/A && mount -t ext4 /dev/vdb /lab/A',
      'ip link set lo up && ip link set eth0 up && ip addr add 10.0.2.15/24 dev eth0',
    ].join('\n'),
  );
  const image = makeImage(directory, lab.directory);
  const { module: program } = await buildC(SANITIZED, ['module']);
  const line = join(directory, 'line.sock');
  const ends = [
    ['--role', 'tx', '--listen', line, '--module-key', a!.key],
    ['--role', 'rx', '--pty', b!.tty, '--module-key', b!.key],
  ];
  const modules = ends.map((end) => {
    const block = ['--block-bytes', '2048', '--blocks-per-second', '10', '--buffer-blocks', '8192'];
    const module = new CModule(program, ['--seed', 'k', '--link-id', 'ab', ...block, ...end]);
    t.after(() => module.end('SIGKILL'));
    return module;
  });
  for (const module of modules) await module.until('the module is there', () => true);
  const forwarded = [kxPort, supplyPort].map((port) => `hostfwd=tcp:127.0.0.1:${port}-:${port}`);
  const guest = new GuestA(
    image,
    directory,
    [
      ...['-device', 'qemu-xhci,id=xhci', '-chardev', `socket,id=line,path=${line},reconnect=1`],
      ...['-device', 'usb-serial,chardev=line,id=module,bus=xhci.0,serial=SN42'],
      ...['-netdev', `user,id=n0,restrict=on,${forwarded.join(',')}`, '-device', 'virtio-net-pci,netdev=n0'],
    ],
    new Random(SEED),
  );
  t.after(() => guest.end());
  lab.startNode('B');
  return { lab, modules, guest };
}

test(`the power of a node is cut amid its work, ${CUTS} times (seed ${SEED}), and its disk loses what was not flushed: no block is lost, no key used twice, the link goes on`, {
  skip: whyNoC() || whyNoGuest(),
}, async (t) => {
  const { lab, modules, guest } = await prepare(t);
  const random = new Random(SEED);
  const [book, stop] = [new Book(), { now: false }];
  const fetching = ENDS.map((end, i) => {
    return new Pair(t, book, pairApplication(lab, end), pairApplication(lab, ENDS[1 - i]!));
  });
  const clients = fetching.map((pair) => pair.fetchOn(stop));
  const goOn = async (what: string) => {
    const seen = fetching.map(({ opened }) => opened.length);
    const startMs = performance.now();
    const all = () => fetching.every(({ opened }, i) => opened.length > seen[i]! + KEYS);
    await waitFor(all, what, WAIT_MS).catch((thrown: Error) => {
      throw new Error(`${thrown.message}\n${guest.complaint}\n${lab.complaint('B')}`);
    });
    t.diagnostic(`${what} after ${Math.round(performance.now() - startMs)} ms`);
  };
  const unsynced: number[] = [];
  try {
    await goOn('applications fetch at both ends');
    for (let cut = 1; cut <= CUTS; cut++) {
      await sleep(random.below(3_000));
      unsynced.push(await guest.cut(random.pick(SHARES)));
      guest.boot();
      await goOn(`they do after power cut ${cut}`);
    }
  } finally {
    stop.now = true;
    await Promise.all(clients);
  }
  const { refused } = book;
  for (const pair of fetching) await pair.askAgain();
  // The one that had nobody to deliver to has much to make up for.
  const delivered = ({ held }: CModuleReport) => held < UNSETTLED / 2;
  await Promise.all(modules.map((module) => module.until('it has delivered its key', delivered, WAIT_MS)));
  await Promise.all(modules.map((module) => module.end('SIGTERM')));
  await until(lab, 'B', 'the peers are connected', ({ peers }) => peers[0]!.state === 'up');
  await sleep(AGREE_MS);
  unsynced.push(await guest.cut(0));
  await lab.stop();

  const data = join(lab.directory, 'A');
  rmSync(data, { recursive: true, force: true });
  guest.copyFiles(data);
  new DatabaseSync(join(data, 'data/keys.sqlite')).close();
  writeFileSync(lab.node('A').log, guest.lines.map((line) => JSON.stringify(line)).join('\n'));
  checkBlocks(
    lab,
    lab.modules.filter(({ linkId }) => linkId === 'ab'),
  );
  const agreed = checkAgreed(lab, ['A', 'B'], UNSETTLED);
  t.diagnostic(
    `${book.byId.size} keys taken, ${book.opened.size} opened; ${agreed} blocks agreed; writes not flushed at each cut: ${unsynced}`,
  );
  assert.equal(refused, 0, 'key that one end has given out opens at the other, whatever falls in between');
  for (const { last } of modules) assert.deepEqual([last!.refused, last!.dropped], [0, 0]);
  assert.ok(agreed > 0);
});
