/** A payload of the KM that holds no key, read as plainly as it is written. */
export type ReadPayload = {
  /** By the words of their names; those that are null are left out. Empty where the payload is no JSON object. */
  readonly members: ReadonlyMap<string, unknown>;
  readonly faults: readonly string[];
};

export function readPayload(bytes: Buffer): ReadPayload {
  const none = (fault: string) => ({ members: new Map<string, unknown>(), faults: [fault] });
  // TextDecoder passes over the mark unless it is told not to.
  if (bytes.indexOf('\ufeff') === 0) return none('a byte order mark before its payload (RFC 8259, 8.1)');
  let text: string;
  let value: unknown;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    value = JSON.parse(text);
  } catch {
    return none('a payload that is no JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return none('a payload that is no JSON object');
  const given = Object.entries(value).filter(([, inner]) => inner !== null);
  return {
    members: new Map(given.map(([name, inner]) => [wordsOf(name), inner])),
    faults: repeatedNames(text).map((name) => `the name ${JSON.stringify(name)} twice (RFC 8259, 4)`),
  };
}

const TOKENS = /("[^"\\]*(?:\\.[^"\\]*)*")(\s*:)?|[{}]/g;

// JSON.parse takes the last of two members and says nothing. The text is JSON: a string before a colon is a name.
function repeatedNames(text: string): string[] {
  const repeated = new Set<string>();
  const around: Set<string>[] = [];
  for (const [token, string, colon] of text.matchAll(TOKENS)) {
    if (token === '{') around.push(new Set());
    else if (token === '}') around.pop();
    else if (colon !== undefined) {
      const name = JSON.parse(string!) as string;
      const names = around.at(-1)!;
      if (names.has(name)) repeated.add(name);
      names.add(name);
    }
  }
  return [...repeated];
}

function wordsOf(name: string): string {
  return name.replaceAll(/[ _-]/g, '').toLowerCase();
}
