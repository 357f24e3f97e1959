import { join } from 'node:path';
import type { Disk } from '../../src/env/disk.ts';
import type { Log } from '../../src/env/log.ts';
import type { AgentError } from '../../src/errors.ts';
import { systemClock } from '../../src/node/clock.ts';
import { systemDisk } from '../../src/node/disk.ts';
import { systemEntropy } from '../../src/node/entropy.ts';
import { SecretBytes } from '../../src/secret/secret-bytes.ts';
import { KeyStore } from '../../src/store/key-store.ts';

/** How a block may be ended while it is in use, and what it is then. */
export const ENDINGS = [
  { reason: 'ordered', state: 'destroyed' },
  { reason: 'evicted', state: 'destroyed' },
  { reason: 'differed', state: 'quarantined' },
] as const;

/** The store in a directory as the agent opens it. @param complain gets what the store logs as an error, and that its disk has failed */
export function openUnderTest(
  directory: string,
  complain: (what: string) => void,
  disk: Disk = systemDisk,
): KeyStore {
  using nodeKey = SecretBytes.copyOf(Buffer.alloc(32, 7));
  const quiet = () => {};
  const error: Log['error'] = (event, fields) => complain(`${event} ${JSON.stringify(fields)}`);
  const log: Log = { debug: quiet, info: quiet, warn: quiet, error, with: () => log };
  const onBroken = ({ message }: AgentError) => complain(message);
  const path = join(directory, 'keys.sqlite');
  return new KeyStore({
    ...{ path, kmaId: 'A', nodeKey, log, onBroken },
    ...{ clock: systemClock, entropy: systemEntropy, disk },
  });
}
