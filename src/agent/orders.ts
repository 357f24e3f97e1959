import type { ModuleOrder, ModuleOrderResult } from '../../drivers/driver.ts';
import { AgentError } from '../errors.ts';
import { linkNamed } from '../observe/link-name.ts';
import { type AgentParts, linkIdentity } from './status.ts';

/** What becomes of blocks that an alarm has made suspect. */
export type SuspectOrder = 'release' | 'discard';

/**
 * Has the module of a link do something, or releases or destroys the link's suspect blocks.
 * @param name the KMA ID of the link's peer, the link ID that the configuration or the module gives, or the module ID
 * @throws AgentError `module.unknown`, `module.no_orders`
 */
export async function orderModule(
  { links, modules }: AgentParts,
  name: string,
  order: ModuleOrder | SuspectOrder,
): Promise<ModuleOrderResult> {
  const named = [...links.values()].map((found) => ({ ...linkIdentity(found), found }));
  const { found } = linkNamed(named, name);
  if (order === 'release') {
    const blocks = await found.acquire.release('an operator released it');
    const became = found.link.suspect_blocks === 'destroy' ? 'are destroyed' : 'were held';
    return { outcome: 'done', text: `${blocks} blocks ${became}` };
  }
  if (order === 'discard') {
    const blocks = await found.acquire.discard('an operator discarded it');
    const lasts = found.acquire.held === null ? '' : '; the alarm lasts, and with it the hold';
    return { outcome: 'done', text: `${blocks} blocks are destroyed${lasts}` };
  }
  const module = modules.get(found.link.peer);
  if (module?.order === undefined) {
    throw new AgentError('module.no_orders', `modules of the driver ${found.link.driver} take no commands`, {
      fault: 'application',
      remedy: "Use the maker's own tools.",
    });
  }
  return module.order(order);
}
