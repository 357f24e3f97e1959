import { dirname } from 'node:path';
import * as z from 'zod';
import { syncDirectory } from '../disk/durable.ts';
import type { Disk } from '../env/disk.ts';
import type { HoldMemory } from '../env/hold-memory.ts';
import { AgentError } from '../errors.ts';

const remembered = z.strictObject({ reason: z.string(), since_ms: z.number(), row: z.number().optional() });

/**
 * Remembers in a file that a link's newest blocks are held, so that a restart does not put them into use. No file: nothing is held.
 * @throws AgentError when the file is there and cannot be understood: whoever removes it releases the blocks
 */
export function holdFile(disk: Disk, path: string): HoldMemory {
  return {
    load() {
      try {
        const { reason, since_ms, row } = remembered.parse(JSON.parse(disk.readFileSync(path, 'utf8')));
        return { reason, sinceMs: since_ms, row };
      } catch (cause) {
        if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
        throw new AgentError('store.hold_unreadable', `${path} cannot be read`, {
          fault: 'host',
          remedy: 'Look at why blocks of this link were held; removing the file releases them.',
          cause,
        });
      }
    },
    save(hold) {
      if (hold === undefined) disk.rmSync(path, { force: true });
      else {
        const text = JSON.stringify({ reason: hold.reason, since_ms: hold.sinceMs, row: hold.row });
        disk.writeFileSync(`${path}.new`, text, { mode: 0o600, flush: true });
        disk.renameSync(`${path}.new`, path);
      }
      syncDirectory(disk, dirname(path));
    },
  };
}
