import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  visit,
} from 'yaml';
import { limits } from '../limits.ts';
import type { ConfigFault, FaultPath, FoundFault } from './faults.ts';
import { pathText } from './faults.ts';

/** A YAML text that was read, and the way back from a field to its line and column. */
export type Source = {
  readonly value: unknown;
  /** How the scalar at `at` is written, without its quotes; undefined when there is none. */
  written(at: FaultPath): string | undefined;
  locate(fault: FoundFault): ConfigFault;
};

/** Reads `text` as one YAML 1.2 document; what is no YAML comes back as faults. */
export function readSource(text: string): { source?: Source; faults: ConfigFault[] } {
  if (Buffer.byteLength(text) > limits.configBytesMax)
    return { faults: [yamlFault(1, 1, `the file is larger than ${limits.configBytesMax} bytes`)] };
  const lines = new LineCounter();
  let document: Document.Parsed | undefined;
  try {
    document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true });
    const faults = [...document.errors, ...document.warnings].map((error) => {
      const { line, col } = lines.linePos(error.pos[0]);
      return yamlFault(line, col, error.message);
    });
    if (faults.length > 0) return { faults };
    return { source: sourceOf(document.toJS({ maxAliasCount: 100 }), document.contents, lines), faults };
  } catch (thrown) {
    if (thrown instanceof RangeError)
      return { faults: [yamlFault(1, 1, 'the file cannot be read: nested too deeply')] };
    const alias = document && unresolvedAlias(document);
    if (alias !== undefined) return { faults: [aliasFault(alias, lines)] };
    return { faults: [yamlFault(1, 1, 'the file cannot be read: too many aliases')] };
  }
}

const CORRECT = 'Correct the YAML here; nothing after it was looked at.';

function yamlFault(line: number, column: number, message: string, remedy = CORRECT): ConfigFault {
  return { code: 'configuration.yaml', path: '', line, column, message, remedy };
}

/** The first alias whose anchor does not come before it. */
function unresolvedAlias(document: Document.Parsed): Alias | undefined {
  const anchors = new Set<string>();
  let found: Alias | undefined;
  visit(document, {
    Alias(_, alias) {
      if (anchors.has(alias.source)) return undefined;
      found = alias;
      return visit.BREAK;
    },
    Value: (_, { anchor }) => void (anchor && anchors.add(anchor)),
  });
  return found;
}

/** Mostly no alias was meant: an address or a pattern begins with the star. */
function aliasFault({ source, range }: Alias, lines: LineCounter): ConfigFault {
  const { line, col } = lines.linePos(range?.[0] ?? 0);
  const message = `*${source} is read as an alias of YAML, and there is no &${source} before it`;
  return yamlFault(line, col, message, `Put it in quotes, if it is meant as it stands: "*${source}".`);
}

function sourceOf(value: unknown, root: Node | null, lines: LineCounter): Source {
  const place = (offset: number | undefined) => {
    const { line, col } = lines.linePos(offset ?? 0);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  return {
    value,
    written(at) {
      const found = find(root, at);
      return found.whole && isScalar(found.value) ? found.value.source : undefined;
    },
    locate(fault) {
      const found = find(root, fault.at);
      const useKey = found.key !== undefined && (fault.onKey === true || !isScalar(found.value));
      const { line, column } = place((useKey ? found.key : (found.value ?? found.key))?.range?.[0]);
      const { code, message, remedy } = fault;
      return { code, path: pathText(fault.at), line, column, message, remedy };
    },
  };
}

type Found = { key: Node | undefined; value: Node | undefined; whole: boolean };

/** Follows `at` as far as the text has it: a field that is missing is found at the section that lacks it. */
function find(root: Node | null, at: FaultPath): Found {
  let found: Found = { key: undefined, value: root ?? undefined, whole: true };
  for (const step of at) {
    const next = child(found.value, step);
    if (next === undefined) return { ...found, whole: false };
    found = next;
  }
  return found;
}

function child(parent: Node | undefined, step: string | number): Found | undefined {
  if (isSeq(parent) && typeof step === 'number') {
    const item = parent.items[step];
    return isNode(item) ? { key: undefined, value: item, whole: true } : undefined;
  }
  if (!isMap(parent) || isAlias(parent)) return undefined;
  const pair = parent.items.find((entry) => isScalar(entry.key) && String(entry.key.value) === String(step));
  if (pair === undefined || !isNode(pair.key)) return undefined;
  return { key: pair.key, value: isNode(pair.value) ? pair.value : undefined, whole: true };
}
