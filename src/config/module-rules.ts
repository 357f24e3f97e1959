import type { FoundFault } from './faults.ts';
import type { Config } from './schema.ts';

/** A module is believed for its key, or because the configuration says so in so many words. */
export function moduleRules({ links }: Config): FoundFault[] {
  return links.flatMap(({ module_key, unauthenticated_module }, i) => {
    if ((module_key === undefined) === unauthenticated_module) return [];
    return {
      code: 'configuration.module_authentication',
      at: ['links', i],
      message: unauthenticated_module
        ? 'gives a module_key and says unauthenticated_module'
        : 'does not say how the module proves itself',
      remedy: 'Give the key that the module holds as module_key, or write unauthenticated_module: true.',
    };
  });
}
