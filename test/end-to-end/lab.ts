import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { callAgent } from '../../src/cli/control-client.ts';
import { Application, keyIdsOf } from '../../src/cli/demo/application.ts';
import { Lab, type LabSettings } from '../../src/cli/demo/lab.ts';
import type { Status } from '../../src/observe/status.ts';

/** A lab whose processes and files are gone when the test has ended, however it ended. */
export async function labFor(t: TestContext, settings: Partial<LabSettings> = {}): Promise<Lab> {
  const directory = mkdtempSync(join(tmpdir(), 'keyferry-test-'));
  let lab: Lab | undefined;
  t.after(async () => {
    await lab?.stop();
    rmSync(directory, { recursive: true, force: true });
  });
  lab = await Lab.make(directory, settings);
  return lab;
}

export function startAll(lab: Lab): void {
  for (const module of lab.modules) lab.startModule(module);
  for (const { kmaId } of lab.nodes) lab.startNode(kmaId);
}

export function statusOf(lab: Lab, kmaId: string): Promise<Status> {
  return callAgent<Status>(lab.node(kmaId).socket, 'GET', '/v1/status');
}

/** Waits until `ready` says so of the node's status. @throws when it does not within `ms` */
export async function until(
  lab: Lab,
  kmaId: string,
  what: string,
  ready: (status: Status) => boolean,
  ms = 60_000,
): Promise<Status> {
  const endMs = performance.now() + ms;
  for (;;) {
    const status = await statusOf(lab, kmaId).catch(() => undefined);
    if (status !== undefined && ready(status)) return status;
    if (performance.now() > endMs)
      throw new Error(
        `${kmaId}: ${what} did not come about: ${JSON.stringify(status)} ${lab.complaint(kmaId)}`,
      );
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

export function ownKeys(status: Status, remote: string): number {
  return status.pools.find((pool) => pool.kma_id === remote)?.own_keys ?? 0;
}

export function applicationOf(lab: Lab, saeId: string): Application {
  const application = lab.application(saeId);
  return new Application(application, lab.node(application.kmaId).supplyPort);
}

/** The keys of a container by ID, in base64. In tests alone: an agent never makes such strings. */
export function keysOf(body: Buffer): Map<string, string> {
  const { keys } = JSON.parse(body.toString('utf8')) as { keys: { key_ID: string; key: string }[] };
  return new Map(keys.map(({ key_ID, key }) => [key_ID, key]));
}

/** The log lines of a node, over all its runs. A line that a kill cut off is left out. */
export function logOf(lab: Lab, kmaId: string): Record<string, unknown>[] {
  return readFileSync(lab.node(kmaId).log, 'utf8')
    .split('\n')
    .flatMap((line) => {
      try {
        return [JSON.parse(line) as Record<string, unknown>];
      } catch {
        return [];
      }
    });
}

/** Mulberry32: small, seeded, good enough to choose when to kill. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 15), z | 1);
    z ^= z + Math.imul(z ^ (z >>> 7), z | 61);
    return ((z ^ (z >>> 14)) >>> 0) / 2 ** 32;
  };
}

export { keyIdsOf };
