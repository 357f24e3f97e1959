import { AgentError, type Fault } from '../errors.ts';

const REASONS: Readonly<Record<string, readonly [Fault, string, string]>> = {
  no_route: [
    'configuration',
    'a node on the way knows no route',
    'Compare kx.routes of all nodes on the way.',
  ],
  peer_unreachable: [
    'peer',
    'a neighbour on the way is not connected',
    'See `keyferry status` on each node of the way.',
  ],
  no_pad: [
    'module',
    'a link on the way has no key to protect it with',
    'Wait for its QKD modules, or look at their rates.',
  ],
  authentication_failed: [
    'peer',
    'a node on the way found the message not authentic',
    'Read the log of that node: kx.message.not_authentic.',
  ],
  malformed: [
    'us',
    'a node could not read the message',
    'Ask for 1 to 399 keys; otherwise report this with the logs of the nodes.',
  ],
  refused_by_policy: [
    'configuration',
    'a node on the way does not serve this source, or may not send key over a plain link',
    'Add the source to its kx.peers or kx.routes, or allow unprotected_key at the plain peer.',
  ],
  unsupported_key: [
    'peer',
    'the destination does not take keys of this form',
    'Use the same KMA-key size at both ends.',
  ],
  unknown_epoch: [
    'peer',
    'the destination has lost what the two nodes shared',
    'Ask again: the pool begins anew. If that goes on, look at the log of the destination.',
  ],
  conflict: [
    'peer',
    'the destination holds other key under the same number',
    'Report this with the logs of both nodes.',
  ],
  store_unavailable: [
    'host',
    'a node could not write its key store',
    'Look at the disk of the nodes on the way.',
  ],
  overloaded: [
    'peer',
    'a node on the way has too much to do, or its pool is full',
    'Ask for less at a time.',
  ],
  timeout: ['peer', 'no answer came in time', 'See whether the nodes on the way are connected.'],
  stopped: ['host', 'the agent was stopped', 'Start it again.'],
};

/** The reason of a completion notification as an error for whoever asked. */
export function relayFailure(response: string, destination: string): AgentError {
  // The words of a plain KM are its own: they are told, but make no code.
  const known = Object.hasOwn(REASONS, response) ? REASONS[response] : undefined;
  const [fault, what, remedy] = known ?? [
    'peer',
    `the answer was ${JSON.stringify(response)}`,
    'Read the logs on the way.',
  ];
  return new AgentError(
    `relay.${known === undefined ? 'failed' : response}`,
    `relay to KMA ${destination} failed: ${what}`,
    {
      fault,
      remedy,
    },
  );
}
