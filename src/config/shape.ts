import type { z } from 'zod';
import type { FaultPath, FoundFault } from './faults.ts';
import { nearest } from './nearest.ts';
import { fieldAt, type OutlineField, outline } from './outline.ts';
import { type Config, configSchema } from './schema.ts';
import type { Source } from './source.ts';

/** Holds the text's value against the schema: the configuration with its defaults, or what does not fit. */
export function checkShape(source: Source): { config?: Config; faults: FoundFault[] } {
  if (source.value === null || source.value === undefined) {
    const remedy = 'Start from the example in docs/configuration.md.';
    return { faults: [{ code: 'configuration.empty', at: [], message: 'the file is empty', remedy }] };
  }
  const result = configSchema.safeParse(source.value);
  if (result.success) return { config: result.data, faults: [] };
  return { faults: result.error.issues.flatMap((issue) => faultsOf(issue, source)) };
}

function faultsOf(issue: z.core.$ZodIssue, source: Source): FoundFault[] {
  const at = issue.path.map((step) => (typeof step === 'number' ? step : String(step)));
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey(at, key));
  const given = valueAt(source.value, at);
  const field = fieldAt(at);
  if (given === undefined) return [missing(at, field)];
  if (issue.code === 'invalid_type' && !(field?.kind === 'number' && typeof given === 'number'))
    return [wrongKind(at, field, given, source)];
  const message = issue.code === 'invalid_value' ? `must be one of ${field?.limits ?? ''}` : issue.message;
  const choose = issue.code === 'custom' && field?.kind === 'section';
  const remedy = choose ? 'Give exactly one of them.' : exampleRemedy(at, field);
  return [{ code: 'configuration.value', at, message, remedy }];
}

function unknownKey(at: FaultPath, key: string): FoundFault {
  const field = fieldAt(at);
  // fieldAt names a list by its path; the sections of the list have the `[]`, and both know the keys.
  const close = nearest(key, field?.keys ?? []);
  const elsewhere = [...outline().values()].find((other) => lastKey(other.path) === key);
  const here = (field?.keys ?? []).join(', ');
  let remedy = here === '' ? 'Remove it.' : `Remove it; what may stand here: ${here}.`;
  if (close !== undefined) remedy = `Did you mean ${close}?`;
  else if (elsewhere !== undefined) remedy = `Did you mean ${elsewhere.path.replaceAll('[]', '[…]')}?`;
  return {
    code: 'configuration.unknown_key',
    at: [...at, key],
    onKey: true,
    message: 'is no known key',
    remedy,
  };
}

function missing(at: FaultPath, field: OutlineField | undefined): FoundFault {
  const key = String(at.at(-1));
  const example = field?.example === undefined ? '' : `, such as "${key}: ${field.example}"`;
  return {
    code: 'configuration.missing',
    at,
    message: 'is missing',
    remedy: `Add ${key}${example}: ${lowerFirst(field?.description ?? '')}`,
  };
}

const KIND_WORDS: Record<OutlineField['kind'], string> = {
  section: 'a section of keys and values',
  list: 'a list, each entry on a line that starts with "- "',
  text: 'text',
  number: 'a whole number',
  choice: 'one of a few words',
};

function wrongKind(
  at: FaultPath,
  field: OutlineField | undefined,
  given: unknown,
  source: Source,
): FoundFault {
  const words = field?.kind === 'choice' ? field.limits : undefined;
  const wanted = words === undefined ? KIND_WORDS[field?.kind ?? 'text'] : `one of ${words}`;
  const message = `must be ${wanted}, not ${kindOf(given)}`;
  const written = source.written(at);
  const quotable = field?.kind === 'text' && written !== undefined && typeof given !== 'object';
  const remedy = quotable ? `Put it in quotes: "${written}".` : exampleRemedy(at, field);
  return { code: 'configuration.type', at, message, remedy };
}

function kindOf(value: unknown): string {
  if (value === null) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a section';
  return typeof value === 'string' ? 'text' : `a ${typeof value}`;
}

function exampleRemedy(at: FaultPath, field: OutlineField | undefined): string {
  const key = at.findLast((step) => typeof step === 'string') ?? '';
  if (field?.example !== undefined) return `Write it like "${key}: ${field.example}".`;
  if (field !== undefined && field.keys.length > 0) return `What may stand here: ${field.keys.join(', ')}.`;
  return `See ${key} in docs/configuration.md.`;
}

function valueAt(value: unknown, at: FaultPath): unknown {
  for (const step of at) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined;
    value = (value as Record<string | number, unknown>)[step];
  }
  return value;
}

function lastKey(path: string): string {
  return path.slice(path.lastIndexOf('.') + 1);
}

function lowerFirst(text: string): string {
  return text.slice(0, 1).toLowerCase() + text.slice(1);
}
