import { readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { Application } from '../../src/cli/demo/application.ts';
import type { Lab } from '../../src/cli/demo/lab.ts';
import { waitFor } from './applications.ts';

type End = {
  readonly kmaId: string;
  readonly far: string;
  readonly saeId: string;
  readonly farSaeId: string;
};

/** Two nodes of a lab, linked by QKD: each supplies its application out of the key of the link itself. */
export const ENDS: readonly [End, End] = [
  { kmaId: 'A', far: 'B', saeId: 'app-a', farSaeId: 'app-c' },
  { kmaId: 'B', far: 'A', saeId: 'app-c', farSaeId: 'app-a' },
];

/** Writes the configurations of the pair over those of the lab's nodes of these names. */
export function configurePair(lab: Lab): void {
  for (const end of ENDS) writeFileSync(lab.node(end.kmaId).config, configuration(lab, end));
}

/** Starts both nodes and the two modules between them. */
export function startPair(lab: Lab): void {
  for (const module of lab.modules) if (module.linkId === 'ab') lab.startModule(module);
  for (const { kmaId } of ENDS) lab.startNode(kmaId);
}

/** The modules end in mid-flow, as with the power of both, when neither holds more than so many blocks that were not answered. */
export async function stopModules(lab: Lab, held: number): Promise<void> {
  const caughtUp = () => ENDS.every(({ kmaId }) => heldBy(lab, kmaId) <= held);
  await waitFor(caughtUp, 'both modules have delivered what they held');
  await Promise.all(ENDS.map(({ kmaId }) => lab.programs.get(`ab-${kmaId}`)!.kill()));
}

// By the last that it said as a whole, once a second.
function heldBy(lab: Lab, kmaId: string): number {
  const lines = readFileSync(join(lab.directory, `ab-${kmaId}.log`), 'utf8').split('\n');
  return (JSON.parse(lines.at(-2) ?? '{}') as { held?: number }).held ?? Number.POSITIVE_INFINITY;
}

export function pairApplication(lab: Lab, { saeId, kmaId }: End): Application {
  return new Application(lab.application(saeId), lab.node(kmaId).supplyPort);
}

function configuration(lab: Lab, { kmaId, far, saeId, farSaeId }: End): string {
  const { socket, kxPort, supplyPort } = lab.node(kmaId);
  const { tty, key } = lab.modules.find((module) => module.kmaId === kmaId && module.linkId === 'ab')!;
  const files = `pki/nodes/${kmaId}`;
  const address = kmaId === 'B' ? `, address: "127.0.0.1:${lab.node(far).kxPort}"` : '';
  return `kma_id: ${kmaId}
data_directory: ${kmaId}/data
node_key: { file: ${files}/node.key }
control: { socket: ${socket} }
log: { level: debug }
kx:
  listen: 127.0.0.1:${kxPort}
  certificate: ${files}/kx.pem
  private_key: ${files}/kx.key
  ca: pki/kx-ca.pem
  peers: [{ kma_id: ${far}${address} }]
links: [{ peer: ${far}, link_id: ab, driver: bridge-serial, port: { path: ${tty} }, module_key: ${basename(key)} }]
supply:
  listen: 127.0.0.1:${supplyPort}
  certificate: ${files}/supply.pem
  private_key: ${files}/supply.key
  client_ca: pki/application-ca.pem
  applications: [{ sae_id: ${saeId} }, { sae_id: ${farSaeId}, kma_id: ${far} }]
`;
}
