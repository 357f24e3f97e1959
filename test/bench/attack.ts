import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BenchContext, Benchmark, Opened } from '../../src/bench/harness.ts';
import type { Lab } from '../../src/cli/demo/lab.ts';
import { pkiPaths } from '../../src/pki/directory.ts';
import { issueNode } from '../../src/pki/pki.ts';
import type { AttackFiles, AttackMessage, AttackReport } from './attack-source.ts';
import { startHelper } from './processes.ts';
import { padUnits, relaysOf, startNodes } from './relay.ts';

/**
 * KMA-keys relayed from A to C over B, sixteen requests at a time, requests a second, while another host attacks B: 100 connections a second, every
 * other one half-open and the others whole handshakes of a stranger, and 1,000 messages a second of a hostile peer that look right and
 * never read what is said. Against the same relays without it. The attacker runs on the same processors: what it takes itself is
 * printed, and is part of what is lost.
 */
export const attackBenchmarks: readonly Benchmark[] = [
  { name: 'attack', unit: 'relays/s', better: 'more', target: 0.9, open },
];

async function open(context: BenchContext): Promise<Opened> {
  const nodes = await startNodes(context, addPeer);
  const attacker = startHelper(new URL('./attack-source.ts', import.meta.url));
  const pki = pkiPaths(join(nodes.lab.directory, 'pki'));
  const files = (kmaId: string): AttackFiles => {
    const { kxCertificate, kxKey } = pki.node(kmaId);
    return { cert: kxCertificate, key: kxKey, ca: pki.kxAuthority.certificate };
  };
  const port = nodes.lab.node('B').kxPort;
  const attack: AttackMessage = { port, peer: files('M'), stranger: files('X'), ms: context.roundMs };
  const relays = async () => {
    await nodes.stock(padUnits(1));
    return () => nodes.source.ask<number>(relaysOf(context, 1, 16));
  };
  return {
    sides: [
      {
        name: 'under attack',
        async measure() {
          const measure = await relays();
          const [rate, report] = await Promise.all([measure(), attacker.ask<AttackReport>(attack)]);
          const { connections, junk, ups, core } = report;
          context.progress(
            `attacker: ${connections} connections, ${junk} messages, ${ups} times a peer, ${core.toFixed(2)} of a core`,
          );
          return rate;
        },
      },
      { name: 'undisturbed', measure: async () => (await relays())() },
    ],
    async close() {
      await attacker.close();
      await nodes.close();
    },
  };
}

/** M is a peer of B; X is not. */
async function addPeer(lab: Lab): Promise<void> {
  for (const kmaId of ['M', 'X']) await issueNode(join(lab.directory, 'pki'), kmaId);
  const { config } = lab.node('B');
  writeFileSync(config, readFileSync(config, 'utf8').replace('  peers:\n', '  peers:\n    - kma_id: M\n'));
}
