import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Application } from '../../src/cli/demo/application.ts';
import { Lab } from '../../src/cli/demo/lab.ts';
import { buildAll, whyNoBinary } from '../binary/built.ts';
import { keyIdsOf, keysOf } from '../end-to-end/lab.ts';
import { buildC, SANITIZED, whyNoC } from '../firmware-bridge/c-build.ts';
import { CModule } from '../firmware-bridge/c-module.ts';
import { commission, debootstrap, inRoot, install, whyNoDebian } from './debian.ts';
import { Guest } from './guest.ts';
import { type Image, makeDebianImage, whyNoGuest } from './image.ts';

const ROOT = join(import.meta.dirname, '../..');
const WAIT_MS = 300_000;
const KEYS = 50;
const AT_ONCE = 25;

type End = {
  readonly kmaId: 'A' | 'B';
  readonly peer: 'A' | 'B';
  readonly number: 1 | 2;
  /** On the host: what the guest's port for applications is there. */
  readonly port: number;
  readonly application: string;
};

function configuration({ kmaId, peer, number }: End): string {
  const far = kmaId === 'A' ? 'app-c' : 'app-a';
  return `kma_id: ${kmaId}
data_directory: /var/lib/keyferry
node_key: {credential: node-key}
control: {socket: /run/keyferry/control.sock}
log: {level: info}
kx:
  listen: 0.0.0.0:4163
  certificate: pki/nodes/${kmaId}/kx.pem
  private_key: pki/nodes/${kmaId}/kx.key
  ca: pki/kx-ca.pem
  peers: [{kma_id: ${peer}${number === 1 ? ', address: "10.0.0.2:4163"' : ''}}]
links:
  - peer: ${peer}
    link_id: ab
    driver: bridge-serial
    port: {usb: {vendor: "0403", product: "6001", serial: SN${number}}}
    module_key: ab-${kmaId}.key
supply:
  listen: 0.0.0.0:8443
  certificate: pki/nodes/${kmaId}/supply.pem
  private_key: pki/nodes/${kmaId}/supply.key
  client_ca: pki/application-ca.pem
  applications: [{sae_id: ${kmaId === 'A' ? 'app-a' : 'app-c'}}, {sae_id: ${far}, kma_id: ${peer}}]
`;
}

/** One network between the two, as a cable, and one to the host that leads nowhere else. */
function network(root: string, number: number): void {
  const folder = join(root, 'etc/systemd/network');
  mkdirSync(folder, { recursive: true });
  for (const [at, address] of [
    [0, `10.0.0.${number}/24`],
    [1, '10.0.2.15/24'],
  ] as const)
    writeFileSync(
      join(folder, `${at}.network`),
      `[Match]\nMACAddress=52:54:00:00:0${at}:0${number}\n[Network]\nAddress=${address}\n`,
    );
  inRoot(root, 'systemctl', 'enable', 'systemd-networkd');
}

class Appliance {
  readonly end: End;
  readonly #image: Image;
  readonly #directory: string;
  readonly #cable: string;
  guest: Guest;

  constructor(end: End, image: Image, directory: string, cable: string) {
    this.end = end;
    this.#image = image;
    this.#directory = directory;
    this.#cable = cable;
    this.guest = this.#boot();
  }

  /** Pulls its plug, and puts it back. */
  async powerCycle(): Promise<void> {
    await this.guest.end();
    rmSync(join(this.#directory, 'qmp.sock'), { force: true });
    this.guest = this.#boot();
  }

  #boot(): Guest {
    const { number, port } = this.end;
    const cable = `addr.type=unix,addr.path=${this.#cable},server=${number === 1 ? 'on' : 'off'}`;
    return new Guest(this.#image, this.#directory, [
      ...[
        '-device',
        'qemu-xhci,id=xhci',
        '-chardev',
        `socket,id=line,path=${this.#directory}/module.sock,reconnect=1`,
      ],
      ...['-device', `usb-serial,chardev=line,id=module,bus=xhci.0,serial=SN${number}`],
      ...[
        '-netdev',
        `stream,id=n0,${cable}`,
        '-device',
        `virtio-net-pci,netdev=n0,mac=52:54:00:00:00:0${number}`,
      ],
      ...['-netdev', `user,id=n1,restrict=on,hostfwd=tcp:127.0.0.1:${port}-:8443`],
      ...['-device', `virtio-net-pci,netdev=n1,mac=52:54:00:00:01:0${number}`],
    ]);
  }
}

/** Key taken at A and fetched at B, in as many requests as it takes; by ID, each alike at both. */
async function fetchPairs(a: Application, c: Application, keys: number): Promise<Map<string, string>> {
  const fetched = new Map<string, string>();
  const endMs = performance.now() + WAIT_MS;
  while (fetched.size < keys) {
    try {
      const taken = await a.encKeys('app-c', AT_ONCE);
      assert.equal(taken.status, 200, taken.body.toString());
      const found = await c.decKeys('app-a', keyIdsOf(taken));
      assert.equal(found.status, 200, found.body.toString());
      assert.deepEqual(keysOf(found.body), keysOf(taken.body));
      for (const [id, key] of keysOf(taken.body)) fetched.set(id, key);
    } catch (thrown) {
      // Not up yet, no key yet, or not yet connected.
      if (performance.now() > endMs) throw thrown;
      await sleep(1_000);
    }
  }
  return fetched;
}

async function prepare(t: TestContext) {
  const directory = mkdtempSync(join(tmpdir(), 'keyferry-appliances-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const dist = await buildAll();
  execFileSync('npm', ['run', 'build:deb', '--', '--dir', dist], { cwd: ROOT, stdio: 'ignore' });
  const lab = await Lab.make(join(directory, 'lab'));
  const root = join(directory, 'root');
  debootstrap(root);
  install(root, join(dist, 'keyferry_0.1.0_amd64.deb'));
  const { module: program } = await buildC(SANITIZED, ['module']);
  const ends: End[] = [
    { kmaId: 'A', peer: 'B', number: 1, port: lab.node('A').supplyPort, application: 'app-a' },
    { kmaId: 'B', peer: 'A', number: 2, port: lab.node('C').supplyPort, application: 'app-c' },
  ];
  const modules: CModule[] = [];
  const appliances: Appliance[] = [];
  const cable = join(directory, 'cable.sock');
  for (const end of ends) {
    const own = join(directory, end.kmaId);
    mkdirSync(own);
    const its = join(own, 'root');
    execFileSync('cp', ['--archive', root, its]);
    const nodeKey = `pki/nodes/${end.kmaId}/node.key`;
    commission(its, { folder: lab.directory, config: configuration(end), nodeKey });
    network(its, end.number);
    const module = new CModule(program, [
      ...[
        '--seed',
        'k',
        '--link-id',
        'ab',
        '--role',
        end.number === 1 ? 'tx' : 'rx',
        '--listen',
        join(own, 'module.sock'),
      ],
      ...[
        '--module-key',
        lab.modules.find(({ kmaId, linkId }) => kmaId === end.kmaId && linkId === 'ab')!.key,
      ],
      ...['--block-bytes', '2048', '--blocks-per-second', '5', '--buffer-blocks', '8192'],
    ]);
    t.after(() => module.end('SIGKILL'));
    await module.until('the module listens', () => true);
    modules.push(module);
    const appliance = new Appliance(end, makeDebianImage(own, its), own, cable);
    t.after(() => appliance.guest.end());
    appliances.push(appliance);
    while (end.number === 1 && !existsSync(cable)) await sleep(50);
  }
  return { lab, modules, appliances };
}

test('two appliances, booted as one link, find their modules and each other, supply alike, and go on after a power cut without using key twice', {
  skip: whyNoBinary() || whyNoC() || whyNoGuest() || whyNoDebian(),
}, async (t) => {
  const { lab, modules, appliances } = await prepare(t);
  const [a, b] = appliances.map(({ end }) => {
    const application = new Application(lab.application(end.application), end.port);
    t.after(() => application.close());
    return application;
  }) as [Application, Application];
  const startMs = performance.now();
  const before = await fetchPairs(a, b, KEYS);
  t.diagnostic(`${before.size} keys ${Math.round(performance.now() - startMs)} ms after power-on`);

  await appliances[1]!.powerCycle();
  const again = performance.now();
  const after = await fetchPairs(a, b, KEYS);
  t.diagnostic(
    `${after.size} keys more ${Math.round(performance.now() - again)} ms after the power was back`,
  );
  assert.equal(
    new Set([...before.keys(), ...after.keys()]).size,
    before.size + after.size,
    'an ID came twice',
  );
  assert.equal(
    new Set([...before.values(), ...after.values()]).size,
    before.size + after.size,
    'key came twice',
  );
  for (const module of modules) {
    const { refused, dropped } = module.last!;
    assert.deepEqual({ refused, dropped }, { refused: 0, dropped: 0 });
  }
  for (const { guest, end } of appliances) {
    guest.say('status');
    const status = (await guest.until('status', WAIT_MS, () =>
      guest.lines.find((line) => 'links' in line),
    )) as unknown as {
      links: { blocks_quarantined: number }[];
    };
    assert.equal(status.links[0]!.blocks_quarantined, 0, `${end.kmaId} holds other bits`);
  }
});
