import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { callAgent } from '../../src/cli/control-client.ts';
import { Application } from '../../src/cli/demo/application.ts';
import { Program } from '../../src/cli/demo/program.ts';
import type { Status } from '../../src/observe/status.ts';
import { initPki, issueApplication, issueNode } from '../../src/pki/pki.ts';

const LOW_WATER = 100;

export type ChainLink = {
  readonly from: string;
  readonly to: string;
  /** Where `from` listens; `to` dials it. */
  readonly port: number;
};

/** Nodes in a row with a simulated QKD link between each two neighbours, and an application at either end. They write TLS key logs. */
export class Chain {
  readonly directory: string;
  readonly kmaIds: readonly string[];
  readonly links: readonly ChainLink[];
  readonly #supplyPorts: readonly number[];
  readonly #programs: Program[] = [];

  private constructor(directory: string, kmaIds: readonly string[], ports: readonly number[]) {
    this.directory = directory;
    this.kmaIds = kmaIds;
    this.links = kmaIds.slice(1).map((to, i) => ({ from: kmaIds[i]!, to, port: ports[i]! }));
    this.#supplyPorts = ports.slice(-2);
  }

  static async make(t: TestContext, kmaIds: readonly string[]): Promise<Chain> {
    const directory = mkdtempSync(join(tmpdir(), 'keyferry-chain-'));
    const chain = new Chain(directory, kmaIds, await freePorts(kmaIds.length + 1));
    t.after(async () => {
      await chain.stop();
      rmSync(directory, { recursive: true, force: true });
    });
    const pki = join(directory, 'pki');
    await initPki(pki);
    for (const kmaId of kmaIds) {
      mkdirSync(join(directory, kmaId));
      await issueNode(pki, kmaId);
      writeFileSync(join(directory, `${kmaId}.yaml`), chain.#configuration(kmaId), { mode: 0o600 });
    }
    for (const kmaId of chain.#ends) await issueApplication(pki, applicationAt(kmaId));
    return chain;
  }

  start(): void {
    for (const { from, to } of this.links) {
      this.#startModule(from, from + to, 'tx');
      this.#startModule(to, from + to, 'rx');
    }
    for (const kmaId of this.kmaIds) this.#start(kmaId, ['run', join(this.directory, `${kmaId}.yaml`)]);
  }

  async stop(): Promise<void> {
    await Promise.all(this.#programs.map((program) => program.stop()));
  }

  status(kmaId: string): Promise<Status> {
    return callAgent<Status>(this.#socket(kmaId), 'GET', '/v1/status');
  }

  relay(from: string, destination: string, keys: number): Promise<{ request_id: string }> {
    return callAgent(this.#socket(from), 'POST', '/v1/relay', { destination, keys });
  }

  /** Waits until both ends have relayed key to each other. @throws Error when that takes too long */
  async filled(ms = 60_000): Promise<void> {
    const [first, last] = this.#ends;
    const endMs = performance.now() + ms;
    for (;;) {
      const states = await Promise.all([this.status(first), this.status(last)]).catch(() => []);
      const own = states.map(({ pools }) => pools.find(({ kind }) => kind === 'relay')?.own_keys ?? 0);
      if (own.length === 2 && own.every((keys) => keys >= LOW_WATER)) return;
      if (performance.now() > endMs)
        throw new Error(
          `the relay pools were not filled: ${own} ${this.kmaIds.map((kmaId) => this.log(kmaId).slice(-1_000)).join('\n')}`,
        );
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  application(kmaId: string): Application {
    const at = join(this.directory, 'pki', 'applications', applicationAt(kmaId));
    const files = { certificate: join(at, 'cert.pem'), key: join(at, 'key.pem'), ca: join(at, 'ca.pem') };
    return new Application(
      { saeId: applicationAt(kmaId), kmaId, ...files },
      this.#supplyPorts[this.#ends.indexOf(kmaId)]!,
    );
  }

  log(kmaId: string): string {
    return readFileSync(join(this.directory, `${kmaId}.log`), 'utf8');
  }

  keyLog(kmaId: string): string {
    return join(this.directory, `${kmaId}.keylog`);
  }

  get #ends(): [string, string] {
    return [this.kmaIds[0]!, this.kmaIds.at(-1)!];
  }

  #socket(kmaId: string): string {
    return join(this.directory, kmaId, 'control.sock');
  }

  #tty(kmaId: string, linkId: string): string {
    return join(this.directory, `${linkId}-${kmaId}.tty`);
  }

  #startModule(kmaId: string, linkId: string, role: 'tx' | 'rx'): void {
    const parameters = ['simulate-module', '--seed', this.directory, '--link-id', linkId, '--role', role];
    parameters.push(
      '--symlink',
      this.#tty(kmaId, linkId),
      '--json',
      '--block-bytes',
      '4096',
      '--blocks-per-second',
      '20',
    );
    this.#start(`${linkId}-${kmaId}`, parameters);
  }

  #start(name: string, parameters: readonly string[]): void {
    this.#programs.push(new Program(name, parameters, join(this.directory, `${name}.log`)));
  }

  #configuration(kmaId: string): string {
    const pki = `pki/nodes/${kmaId}`;
    const own = this.links.filter(({ from, to }) => from === kmaId || to === kmaId);
    const peers = own.map(({ from, to, port }) =>
      to === kmaId ? `{ kma_id: ${from}, address: "127.0.0.1:${port}" }` : `{ kma_id: ${to} }`,
    );
    const links = own.map(({ from, to }) => {
      const tty = this.#tty(kmaId, from + to);
      return `{ peer: ${from === kmaId ? to : from}, link_id: ${from + to}, driver: bridge-serial, port: { path: ${tty} }, unauthenticated_module: true }`;
    });
    const listens = this.links.find(({ from }) => from === kmaId);
    return [
      `kma_id: ${kmaId}\ndata_directory: ${kmaId}/data\nnode_key: { file: ${pki}/node.key }`,
      `control: { socket: ${this.#socket(kmaId)} }\nlog: { level: info }`,
      `kx:\n  certificate: ${pki}/kx.pem\n  private_key: ${pki}/kx.key\n  ca: pki/kx-ca.pem`,
      `  lab_tls_keylog: ${this.keyLog(kmaId)}`,
      ...(listens === undefined ? [] : [`  listen: 127.0.0.1:${listens.port}`]),
      `  peers: [${peers.join(', ')}]`,
      ...(this.#ends.includes(kmaId) ? [this.#endConfiguration(kmaId, pki)] : []),
      `links: [${links.join(', ')}]\n`,
    ].join('\n');
  }

  #endConfiguration(kmaId: string, pki: string): string {
    const ends = this.#ends;
    const far = ends.find((end) => end !== kmaId)!;
    const between = this.kmaIds.slice(1, -1);
    const via = kmaId === ends[0] ? between : between.toReversed();
    const port = this.#supplyPorts[ends.indexOf(kmaId)]!;
    return [
      `  routes: [{ destination: ${far}, via: [${via.join(', ')}] }]`,
      `supply:\n  listen: 127.0.0.1:${port}\n  certificate: ${pki}/supply.pem\n  private_key: ${pki}/supply.key`,
      `  client_ca: pki/application-ca.pem\n  applications: [{ sae_id: ${applicationAt(kmaId)} }, { sae_id: ${applicationAt(far)}, kma_id: ${far} }]`,
      `pools: [{ kma_id: ${far}, low_water_keys: ${LOW_WATER}, high_water_keys: 300 }]`,
    ].join('\n');
  }
}

export function applicationAt(kmaId: string): string {
  return `app-${kmaId.toLowerCase()}`;
}

// Held open together, so that all are different.
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  await Promise.all(
    servers.map((server) => new Promise<void>((done) => server.listen(0, '127.0.0.1', done))),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((closed) => server.close(closed))));
  return ports;
}
