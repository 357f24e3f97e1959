import type { ModuleOrderResult } from '../../drivers/driver.ts';
import { callAgent } from './control-client.ts';

/** What a module can be told, and what that does. */
export const orders = {
  start: 'make key',
  stop: 'make no key until started; what the module holds is still delivered',
  zeroize: 'wipe every block that the module holds',
  'self-test': 'test itself',
  identify: 'show where it is',
  release:
    "let go of the link's suspect blocks: they are used like any others, or destroyed where that is the rule of the link",
  discard: "destroy the link's suspect blocks",
} as const;

/** Gives one of `orders`, prints what became of it and sets the exit code. @throws AgentError */
export async function giveOrder(socket: string, link: string, order: string, json: boolean): Promise<void> {
  const body = { link, order: order.replace('-', '_') };
  const { outcome, text } = await callAgent<ModuleOrderResult>(socket, 'POST', '/v1/module', body);
  const words = `${outcome.replace('_', ' ')}${text === '' ? '' : `: ${text}`}`;
  process.stdout.write(`${json ? JSON.stringify({ outcome, text }) : words}\n`);
  process.exitCode = outcome === 'done' ? 0 : 1;
}
