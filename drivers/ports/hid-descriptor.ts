/** What a HID report descriptor says of the reports that go in and out (Device Class Definition for HID 1.11, §6.2.2). */

export type HidReport = {
  /** 1 to 255; 0 where the device numbers no reports. */
  readonly id: number;
  /** Bits, the report ID not counted. */
  readonly inputBits: number;
  readonly outputBits: number;
};

// The tag and type of a short item: its first byte without the two bits of size.
const INPUT = 0x80;
const OUTPUT = 0x90;
const REPORT_SIZE = 0x74;
const REPORT_ID = 0x84;
const REPORT_COUNT = 0x94;
const PUSH = 0xa4;
const POP = 0xb4;
const LONG_ITEM = 0xfe;

type Globals = { readonly size: number; readonly count: number; readonly id: number };

/** All reports that `descriptor` describes, in the order in which they appear. What is cut off or unknown is passed over. */
export function readReports(descriptor: Uint8Array): HidReport[] {
  const reports = new Map<number, HidReport>();
  const pushed: Globals[] = [];
  let globals: Globals = { size: 0, count: 0, id: 0 };
  for (const { tag, value } of items(descriptor)) {
    if (tag === REPORT_SIZE) globals = { ...globals, size: value };
    else if (tag === REPORT_COUNT) globals = { ...globals, count: value };
    else if (tag === REPORT_ID) globals = { ...globals, id: value };
    else if (tag === PUSH) pushed.push(globals);
    else if (tag === POP) globals = pushed.pop() ?? globals;
    else if (tag === INPUT || tag === OUTPUT) {
      const { size, count, id } = globals;
      const { inputBits, outputBits } = reports.get(id) ?? { inputBits: 0, outputBits: 0 };
      const bits = size * count;
      reports.set(id, {
        id,
        inputBits: inputBits + (tag === INPUT ? bits : 0),
        outputBits: outputBits + (tag === OUTPUT ? bits : 0),
      });
    }
  }
  return [...reports.values()];
}

function* items(descriptor: Uint8Array): Generator<{ readonly tag: number; readonly value: number }> {
  for (let at = 0; at < descriptor.length; ) {
    const head = descriptor[at]!;
    if (head === LONG_ITEM) {
      at += 3 + (descriptor[at + 1] ?? 0);
      continue;
    }
    const length = (head & 3) === 3 ? 4 : head & 3;
    let value = 0;
    for (let i = length; i > 0; i--) value = value * 256 + (descriptor[at + i] ?? 0);
    yield { tag: head & ~3, value };
    at += 1 + length;
  }
}
