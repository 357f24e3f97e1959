import { limits } from '../../limits.ts';
import type { SupplyStatus } from '../key-supply.ts';
import { badRequest, extensionMandatory, Refusal, standardMessages } from './refusal.ts';
import { parseQuery } from './target.ts';

/** The Key request data format (GS QKD 014 clause 6.2), as far as we support it. */
export type KeyRequest = {
  readonly number: number;
  /** Bits; undefined asks for the default size. */
  readonly sizeBits: number | undefined;
  /** Whether the slave's node is to push the keys to the slave; undefined leaves it to the configuration. */
  readonly notify: boolean | undefined;
  /** Whether the request shall fail where that node cannot be notified. */
  readonly mustNotify: boolean;
};

const NOTHING_SAID = { notify: undefined, mustNotify: false } as const;
const WHOLE = /^[0-9]{1,9}$/;

/** `GET …/enc_keys?number=3&size=1024`; both may be left out. */
export function keyRequestOfQuery(query: string): KeyRequest | Refusal {
  const parameters = parseQuery(query, ['number', 'size']);
  if (parameters instanceof Refusal) return parameters;
  return checked(wholeOf(parameters.get('number')), wholeOf(parameters.get('size')));
}

/** @param body the parsed body of `POST …/enc_keys`. Unknown members are ignored, null stands for absent. */
export function keyRequestOfBody(body: object): KeyRequest | Refusal {
  const members = body as Readonly<Record<string, unknown>>;
  const others = members['additional_slave_SAE_IDs'] ?? [];
  if (!Array.isArray(others)) return badRequest('additional_slave_SAE_IDs shall be an array');
  if (others.length > 0) {
    return new Refusal(
      400,
      'application.no_multicast',
      'additional_slave_SAE_IDs is not supported: max_SAE_ID_count is 0',
      'Ask for key for one slave application at a time.',
    );
  }
  const mandatory = members['extension_mandatory'] ?? [];
  if (!Array.isArray(mandatory)) return badRequest('extension_mandatory shall be an array of objects');
  if (!mandatory.every(isSupported)) return extensionMandatory();
  const optional = members['extension_optional'] ?? [];
  if (!Array.isArray(optional) || !optional.every(isObject))
    return badRequest('extension_optional shall be an array of objects');
  const must = notifyOf(mandatory);
  const notify = must ?? notifyOf(optional);
  const request = checked(members['number'] ?? undefined, members['size'] ?? undefined);
  return request instanceof Refusal ? request : { ...request, notify, mustNotify: must === true };
}

/** The one extension parameter that we know: `{"keyferry_notify": true}` has the keys pushed to the slave, `false` has them not. */
const NOTIFY = 'keyferry_notify';

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isSupported(parameter: unknown): boolean {
  if (!isObject(parameter)) return false;
  const entries = Object.entries(parameter);
  return (
    entries.length > 0 && entries.every(([name, value]) => name === NOTIFY && typeof value === 'boolean')
  );
}

function notifyOf(parameters: readonly unknown[]): boolean | undefined {
  const found = parameters.findLast(isSupported);
  return found === undefined ? undefined : (found as Record<typeof NOTIFY, boolean>)[NOTIFY];
}

/** What of a request depends on the pair: its limits (clause 6.1), and the default size. */
export function fitToStatus(
  request: KeyRequest,
  status: SupplyStatus,
): { number: number; sizeBits: number } | Refusal {
  const { number, sizeBits = status.keySizeBits } = request;
  if (number > status.maxKeyPerRequest) return tooMany(status.maxKeyPerRequest);
  if (sizeBits < status.minKeySizeBits || sizeBits > status.maxKeySizeBits) {
    const { minKeySizeBits: min, maxKeySizeBits: max } = status;
    const range =
      min === max ? `${min} bits, as with every key of that KM` : `between ${min} and ${max} bits`;
    return new Refusal(400, 'application.bad_size', `size shall be ${range}`);
  }
  return { number, sizeBits };
}

export function tooMany(max: number): Refusal {
  return new Refusal(400, 'application.too_many', `a request may be for at most ${max} keys`);
}

function checked(number: unknown = 1, size: unknown = undefined): KeyRequest | Refusal {
  if (!isPositive(number)) return badRequest('number shall be a whole number from 1');
  if (number > limits.supplyKeysPerRequestMax) return tooMany(limits.supplyKeysPerRequestMax);
  if (size === undefined) return { number, sizeBits: undefined, ...NOTHING_SAID };
  if (!isPositive(size)) return badRequest('size shall be a whole number of bits');
  if (size % 8 !== 0) return new Refusal(400, 'application.bad_size', standardMessages.sizeMultiple);
  return { number, sizeBits: size, ...NOTHING_SAID };
}

function isPositive(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) > 0;
}

/** A query's text as a number; what is none stays a text and is refused with the JSON values that are none. */
function wholeOf(text: string | undefined): number | string | undefined {
  return text !== undefined && WHOLE.test(text) ? Number(text) : text;
}
