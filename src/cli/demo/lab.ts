import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { basename, join, resolve } from 'node:path';
import { makeDirectories } from '../../disk/durable.ts';
import { systemDisk } from '../../node/disk.ts';
import { systemEntropy } from '../../node/entropy.ts';
import { initPki, issueApplication, issueNode } from '../../pki/pki.ts';
import { SecretBytes } from '../../secret/secret-bytes.ts';
import { lastLine, Program } from './program.ts';

export type LabSettings = {
  readonly blockBytes: number;
  readonly blocksPerSecond: number;
  readonly lowWater: number;
  readonly highWater: number;
  readonly logLevel: 'debug' | 'info';
};

export const labDefaults: LabSettings = {
  blockBytes: 4096,
  blocksPerSecond: 20,
  lowWater: 500,
  highWater: 1500,
  logLevel: 'info',
};

export type LabNode = {
  readonly kmaId: string;
  readonly config: string;
  readonly socket: string;
  readonly log: string;
  readonly kxPort: number;
  readonly supplyPort: number;
};

export type LabApplication = {
  readonly saeId: string;
  readonly kmaId: string;
  readonly certificate: string;
  readonly key: string;
  readonly ca: string;
};

export type LabModule = {
  readonly kmaId: string;
  readonly peer: string;
  readonly linkId: string;
  readonly role: 'tx' | 'rx';
  readonly tty: string;
  /** File of the key that the module and its agent share. */
  readonly key: string;
};

/** A chain of three nodes with two simulated QKD links, A–B and B–C, and its files in one directory. */
export class Lab {
  readonly directory: string;
  readonly settings: LabSettings;
  readonly nodes: readonly LabNode[];
  readonly applications: readonly LabApplication[];
  readonly modules: readonly LabModule[];
  readonly programs = new Map<string, Program>();
  /** Of all simulated modules. */
  readonly seed: string;

  private constructor(directory: string, settings: LabSettings, ports: readonly number[], seed: string) {
    this.directory = directory;
    this.settings = settings;
    this.seed = seed;
    this.nodes = ['A', 'B', 'C'].map((kmaId, i) => ({
      kmaId,
      config: join(directory, `${kmaId}.yaml`),
      socket: join(directory, kmaId, 'control.sock'),
      log: join(directory, `${kmaId}.log`),
      kxPort: ports[2 * i]!,
      supplyPort: ports[2 * i + 1]!,
    }));
    const pki = join(directory, 'pki');
    this.applications = [
      { saeId: 'app-a', kmaId: 'A' },
      { saeId: 'app-c', kmaId: 'C' },
      { saeId: 'other-c', kmaId: 'C' },
    ].map(({ saeId, kmaId }) => ({
      saeId,
      kmaId,
      certificate: join(pki, 'applications', saeId, 'cert.pem'),
      key: join(pki, 'applications', saeId, 'key.pem'),
      ca: join(pki, 'applications', saeId, 'ca.pem'),
    }));
    this.modules = (
      [
        ['A', 'B', 'ab', 'tx'],
        ['B', 'A', 'ab', 'rx'],
        ['B', 'C', 'bc', 'tx'],
        ['C', 'B', 'bc', 'rx'],
      ] as const
    ).map(([kmaId, peer, linkId, role]) => ({
      kmaId,
      peer,
      linkId,
      role,
      tty: join(directory, `${linkId}-${kmaId}.tty`),
      key: join(directory, `${linkId}-${kmaId}.key`),
    }));
  }

  /** Makes authorities, certificates, node keys and configurations. Starts nothing. */
  static async make(directory: string, settings: Partial<LabSettings> = {}): Promise<Lab> {
    const at = resolve(directory);
    makeDirectories(systemDisk, at);
    const lab = new Lab(at, { ...labDefaults, ...settings }, await freePorts(6), `lab ${process.pid}`);
    const pki = join(at, 'pki');
    await initPki(pki);
    for (const { kmaId } of lab.nodes) await issueNode(pki, kmaId);
    for (const { saeId } of lab.applications) await issueApplication(pki, saeId);
    for (const { key } of lab.modules) makeModuleKey(key);
    for (const node of lab.nodes) writeFileSync(node.config, lab.#configuration(node), { mode: 0o600 });
    return lab;
  }

  node(kmaId: string): LabNode {
    return this.nodes.find((node) => node.kmaId === kmaId)!;
  }

  application(saeId: string): LabApplication {
    return this.applications.find((application) => application.saeId === saeId)!;
  }

  startNode(kmaId: string): Program {
    const node = this.node(kmaId);
    return this.#start(kmaId, ['run', node.config], node.log);
  }

  startModule(module: LabModule): Program {
    const { blockBytes, blocksPerSecond } = this.settings;
    const name = `${module.linkId}-${module.kmaId}`;
    const parameters = [
      'simulate-module',
      '--seed',
      this.seed,
      '--link-id',
      module.linkId,
      '--role',
      module.role,
    ];
    parameters.push('--symlink', module.tty, '--module-key', module.key, '--json', '--buffer-blocks', '1024');
    parameters.push('--block-bytes', String(blockBytes), '--blocks-per-second', String(blocksPerSecond));
    return this.#start(name, parameters, join(this.directory, `${name}.log`));
  }

  /** Stops everything, agents first; resolves when all have ended. */
  async stop(): Promise<void> {
    const agents = this.nodes.map(({ kmaId }) => this.programs.get(kmaId)?.stop());
    await Promise.all(agents);
    await Promise.all([...this.programs.values()].map((program) => program.stop()));
  }

  /** What a program wrote last, to tell why it ended. */
  complaint(name: string): string {
    return lastLine(readFileSync(join(this.directory, `${name}.log`), 'utf8'));
  }

  #start(name: string, parameters: readonly string[], log: string): Program {
    const program = new Program(name, parameters, log);
    this.programs.set(name, program);
    return program;
  }

  #configuration({ kmaId, socket, kxPort, supplyPort }: LabNode): string {
    const pki = `pki/nodes/${kmaId}`;
    const links = this.modules.filter((module) => module.kmaId === kmaId);
    const { lowWater, highWater, logLevel } = this.settings;
    const far = { A: 'C', C: 'A' }[kmaId];
    const b = this.node('B');
    // The ends dial B, which waits for them.
    const peers = links.map(
      ({ peer }) => `    - kma_id: ${peer}\n${kmaId === 'B' ? '' : `      address: 127.0.0.1:${b.kxPort}\n`}`,
    );
    const lines = [
      `kma_id: ${kmaId}`,
      `data_directory: ${kmaId}/data`,
      `node_key:\n  file: ${pki}/node.key`,
      `control:\n  socket: ${socket}`,
      `log:\n  level: ${logLevel}`,
      `kx:\n  listen: 127.0.0.1:${kxPort}`,
      `  certificate: ${pki}/kx.pem\n  private_key: ${pki}/kx.key\n  ca: pki/kx-ca.pem`,
      `  peers:\n${peers.join('')}`.trimEnd(),
      ...(far === undefined ? [] : [`  routes:\n    - destination: ${far}\n      via: [B]`]),
      `links:\n${links.map((m) => `  - peer: ${m.peer}\n    link_id: ${m.linkId}\n    driver: bridge-serial\n    port:\n      path: ${m.tty}\n    module_key: ${basename(m.key)}\n    qber_max: 0.08`).join('\n')}`,
      ...(far === undefined ? [] : [this.#supply(kmaId, pki, supplyPort)]),
      ...(far === undefined
        ? []
        : [`pools:\n  - kma_id: ${far}\n    low_water_keys: ${lowWater}\n    high_water_keys: ${highWater}`]),
    ];
    return `${lines.join('\n')}\n`;
  }

  #supply(kmaId: string, pki: string, port: number): string {
    const applications = this.applications.map(
      (app) => `    - sae_id: ${app.saeId}${app.kmaId === kmaId ? '' : `\n      kma_id: ${app.kmaId}`}`,
    );
    return [
      `supply:\n  listen: 127.0.0.1:${port}`,
      `  certificate: ${pki}/supply.pem\n  private_key: ${pki}/supply.key\n  client_ca: pki/application-ca.pem`,
      `  applications:\n${applications.join('\n')}`,
    ].join('\n');
  }
}

function makeModuleKey(path: string): void {
  using key = SecretBytes.alloc(32);
  systemEntropy.fill(key.view());
  writeFileSync(path, key.view(), { mode: 0o600 });
}

// Held open together, so that all are different.
async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((done, failed) => {
        server.once('error', failed);
        server.listen(0, '127.0.0.1', done);
      });
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((closed) => server.close(closed))));
  return ports;
}
