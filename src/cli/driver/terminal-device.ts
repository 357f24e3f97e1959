import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ContractDevice } from '../../../drivers/contract/device.ts';
import { openPseudoTerminal, type PseudoTerminal } from '../../simulator/pseudo-terminal.ts';
import { placeLink, removeLink } from '../../simulator/stable-link.ts';

/** What stands behind the terminal. */
export type FarEnd = {
  /** How many blocks it has. */
  readonly blocks: number;
  /** The terminal is there; `write` takes its argument over and wipes it. */
  readonly onPlugged: (write: (bytes: Buffer) => void) => void;
  /** `chunk` belongs to the far end. */
  readonly onData: (chunk: Buffer) => void;
  readonly onUnplugged?: () => void;
  readonly forgotten: () => number;
  readonly complaint?: () => string | undefined;
};

/**
 * A device for the contract suite on a real terminal. Each time it is plugged in it is another terminal, under a symbolic
 * link that stays the same, as udev makes them.
 */
export async function terminalDevice(end: FarEnd): Promise<ContractDevice> {
  const folder = await mkdtemp(join(tmpdir(), 'keyferry-device-'));
  const path = join(folder, 'tty');
  let terminal: PseudoTerminal | undefined;
  const unplug = async (): Promise<void> => {
    const gone = terminal;
    terminal = undefined;
    if (gone === undefined) return;
    await removeLink(path, gone.path);
    await gone.close();
    end.onUnplugged?.();
  };
  return {
    port: { path },
    nowhere: { path: join(folder, 'nothing') },
    baudRate: 115_200,
    blocks: end.blocks,
    get forgotten() {
      return end.forgotten();
    },
    get complaint() {
      return end.complaint?.();
    },
    async plug() {
      const opened = await openPseudoTerminal({
        onData: (chunk) => terminal === opened && end.onData(chunk),
        onLost: () => {},
      });
      terminal = opened;
      end.onPlugged((bytes) => (terminal === opened ? opened.write(bytes) : bytes.fill(0)));
      await placeLink(path, opened.path);
    },
    unplug,
    noise: (bytes) => terminal?.write(bytes),
    async close() {
      await unplug();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
