import { member, optional, textIn, type Value, wholeIn } from './naive-json.ts';

/** Key supply notifications and their responses, by docs/kx.md alone. */
type Read = { readonly seen: Record<string, unknown>; readonly keys: readonly Buffer[] };

const COUNT_MAX = 2 ** 32 - 1;

export function readNotice(message: Value): Read | undefined {
  const session = textIn(member(message, 'session_ID'));
  const counts = ['number_of_keys', 'size_of_key'].map((name) => optional(message, name));
  const [number, size] = counts.map((count) => wholeIn(count, COUNT_MAX));
  const bad = counts.some((count) => count !== undefined && wholeIn(count, COUNT_MAX) === undefined);
  const entries = member(message, 'extension')?.elements ?? [];
  const entry = entries.map((one) => member(one, 'keyferry_supply')).find((one) => one !== undefined);
  const announced = entry && announcedIn(entry);
  if (session === undefined || bad || (entry !== undefined && announced === undefined)) return undefined;
  return { seen: { session, number, size, announced }, keys: [] };
}

function announcedIn(entry: Value): Record<string, unknown> | undefined {
  const names = ['source_KMA_ID', 'destination_KMA_ID', 'master_SAE_ID', 'slave_SAE_ID'];
  const texts = names.map((name) => textIn(member(entry, name)));
  const ids = textsIn(member(entry, 'key_IDs'), 128);
  const way = member(entry, 'transit_KMA_IDs');
  const transit = textsIn(way, 16);
  const doubled = ids !== undefined && new Set(ids).size !== ids.length;
  if (texts.includes(undefined) || ids === undefined || ids.length === 0 || doubled) return undefined;
  if (way !== undefined && transit === undefined) return undefined;
  return { texts, ids, transit };
}

function textsIn(list: Value | undefined, max: number): string[] | undefined {
  const all = list?.elements?.map((one) => textIn(one));
  return all === undefined || all.length > max || all.includes(undefined) ? undefined : (all as string[]);
}

export function readSupplyAnswer(message: Value): Read | undefined {
  const session = textIn(member(message, 'session_ID'));
  const response = textIn(member(message, 'response'), 1024);
  const said = member(message, 'key_ID');
  const none = said === undefined || said.value === null || said.value === '';
  const one = textIn(said);
  const ids = none ? [] : one === undefined ? textsIn(said, 128) : [one];
  if (session === undefined || response === undefined || ids === undefined) return undefined;
  return { seen: { session, response, ids }, keys: [] };
}
