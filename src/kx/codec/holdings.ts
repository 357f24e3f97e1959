import { limits } from '../../limits.ts';
import { allocFrame, command } from './header.ts';
import { JsonView } from './json-view.ts';

/** Block numbers from the first up to and with the second. */
export type NumberRange = readonly [from: number, to: number];

/**
 * What the sender knows of blocks of the receiver's direction, that is, of those from which the receiver takes key. Only numbers of that
 * direction are meant.
 */
export type Holdings = {
  /** The sender has seen all key of these used. */
  readonly used: readonly NumberRange[];
  /** The sender has them no more, for any other reason. */
  readonly gone: readonly NumberRange[];
  /** Of blocks that are used in part: up to which KMA-key, counted from 0 and without that one, the sender has seen use. */
  readonly marks: readonly (readonly [number: number, units: number])[];
};

export function writeHoldings({ used, gone, marks }: Holdings): Buffer {
  const text = JSON.stringify({ used, gone, marks });
  const frame = allocFrame(command.holdings, Buffer.byteLength(text));
  frame.write(text, limits.kxHeaderBytes);
  return frame;
}

export function readHoldings(payload: Buffer): Holdings | undefined {
  const message = JsonView.of(payload);
  if (!(message instanceof JsonView)) return undefined;
  const used = readPairs(message.member('used'), limits.blockNumberMax);
  const gone = readPairs(message.member('gone'), limits.blockNumberMax);
  const marks = readPairs(message.member('marks'), limits.blockUnitsMax);
  if (used === undefined || gone === undefined || marks === undefined) return undefined;
  if ([...used, ...gone].some(([from, to]) => from > to)) return undefined;
  return { used, gone, marks };
}

function readPairs(view: JsonView | undefined, secondMax: number): [number, number][] | undefined {
  const elements = view?.elements();
  if (elements === undefined || elements.length > limits.holdingsMax) return undefined;
  const pairs: [number, number][] = [];
  for (const element of elements) {
    const [first, second, ...more] = element.elements() ?? [];
    const one = first?.integer(limits.blockNumberMax);
    const other = second?.integer(secondMax);
    if (one === undefined || other === undefined || more.length > 0) return undefined;
    pairs.push([one, other]);
  }
  return pairs;
}
