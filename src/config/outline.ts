import * as z from 'zod';
import { configSchema } from './schema.ts';

/** One field of the configuration file, as the generated reference and the remedies of faults need it. */
export type OutlineField = {
  /** `kx.peers[].address`: lists are marked by `[]`, the empty string is the whole file. */
  readonly path: string;
  readonly kind: 'section' | 'list' | 'text' | 'number' | 'choice';
  readonly required: boolean;
  readonly description: string;
  readonly unit: string | undefined;
  readonly limits: string | undefined;
  readonly preset: string | undefined;
  readonly example: string | undefined;
  /** Keys of a section, or of the sections of a list. */
  readonly keys: readonly string[];
};

type JsonSchema = z.core.JSONSchema.BaseSchema;

let fields: ReadonlyMap<string, OutlineField> | undefined;

/** Every field in the order of the schema, by its path. */
export function outline(): ReadonlyMap<string, OutlineField> {
  if (fields === undefined) {
    const found = new Map<string, OutlineField>();
    visit(z.toJSONSchema(configSchema, { io: 'input' }), '', true, found);
    fields = found;
  }
  return fields;
}

/** The field at `at`, as a fault names it: `['kx', 'peers', 0, 'address']`. */
export function fieldAt(at: readonly PropertyKey[]): OutlineField | undefined {
  let path = '';
  for (const step of at) path += typeof step === 'number' ? '[]' : `${path === '' ? '' : '.'}${String(step)}`;
  return outline().get(path);
}

function visit(schema: JsonSchema, path: string, required: boolean, found: Map<string, OutlineField>): void {
  const items = itemsOf(schema);
  const properties = propertiesOf(schema) ?? (items && propertiesOf(items));
  found.set(path, {
    path,
    kind: kindOf(schema),
    required,
    description: schema.description ?? '',
    unit: text(schema['unit']),
    limits: limitsOf(schema),
    preset: presetOf(schema, required),
    example: text(schema['example']),
    keys: Object.keys(properties ?? {}),
  });
  if (items !== undefined) visit(items, `${path}[]`, true, found);
  for (const [key, child] of Object.entries(propertiesOf(schema) ?? {}))
    visit(child, path === '' ? key : `${path}.${key}`, schema.required?.includes(key) ?? false, found);
}

function itemsOf(schema: JsonSchema): JsonSchema | undefined {
  const items = schema.items;
  return typeof items === 'object' && !Array.isArray(items) ? items : undefined;
}

function propertiesOf(schema: JsonSchema): Record<string, JsonSchema> | undefined {
  return schema.properties as Record<string, JsonSchema> | undefined;
}

function kindOf(schema: JsonSchema): OutlineField['kind'] {
  if (schema.enum !== undefined || schema.type === 'boolean') return 'choice';
  if (schema.type === 'object') return 'section';
  if (schema.type === 'array') return 'list';
  return schema.type === 'integer' || schema.type === 'number' ? 'number' : 'text';
}

function limitsOf(schema: JsonSchema): string | undefined {
  if (schema.enum !== undefined) return schema.enum.join(', ');
  if (schema.type === 'boolean') return 'true, false';
  if (kindOf(schema) === 'number') return `${schema.minimum} to ${schema.maximum}`;
  return text(schema['limits']);
}

/** Presets of sections say nothing that their fields do not say; a list that may be left out is then empty. */
function presetOf(schema: JsonSchema, required: boolean): string | undefined {
  if (schema.type === 'object') return undefined;
  if (schema.type === 'array') return required ? undefined : 'none';
  return schema.default === undefined ? undefined : String(schema.default);
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
