import { AgentError, messageOf } from '../errors.ts';

/** What goes wrong with the store's files, in one place, so that each fault has one code and one remedy. */
export function writeFailed(cause: unknown): AgentError {
  return new AgentError(
    'host.store_write_failed',
    `the key store could not be written: ${messageOf(cause)}`,
    {
      fault: 'host',
      remedy:
        'Free space on the disk of data_directory and restart the agent if it does not go on by itself; replace a disk that fails.',
      cause,
    },
  );
}

export function syncFailed(cause: unknown): AgentError {
  return new AgentError(
    'host.store_sync_failed',
    `the disk failed to keep the key store: ${messageOf(cause)}`,
    {
      fault: 'host',
      remedy: 'Replace the disk of data_directory; until then the node cannot be trusted to keep key.',
      cause,
    },
  );
}

export function rolledBack(why: string): AgentError {
  return new AgentError('host.store_rolled_back', `the key store was put back from a copy: ${why}`, {
    fault: 'host',
    remedy: 'Start the agent again: it begins an empty store. Find out who put back the old one.',
  });
}
