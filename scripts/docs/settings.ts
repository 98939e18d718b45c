/**
 * All settings: what each may be, by the schema; what it means and what it is by default, by the comments and values of
 * config/default.yaml. A setting that only one of the two has is an error.
 */
import { readFileSync } from 'node:fs';
import {
  type Document,
  isCollection,
  isMap,
  isScalar,
  isSeq,
  type Pair,
  parseDocument,
  type YAMLMap,
} from 'yaml';
import type { z } from 'zod';
import { DEFAULT_CONFIG_FILE } from '../../src/config/load.ts';
import { configSchema } from '../../src/config/schema.ts';

export interface Setting {
  /** `tenants[].domain`. */
  readonly path: string;
  /** In words; undefined for a mapping whose settings follow. */
  readonly kind: string | undefined;
  /** As it is in YAML; undefined for a mapping whose settings follow. */
  readonly preset: string | undefined;
  readonly meaning: string;
}

export interface Section {
  readonly name: string;
  readonly meaning: string;
  readonly settings: readonly Setting[];
}

export function sections(): readonly Section[] {
  const document = parseDocument(readFileSync(DEFAULT_CONFIG_FILE, 'utf8'));
  const root = unwrapped(configSchema);
  if (!isMap(document.contents) || root.def.type !== 'object') throw new Error('a mapping was expected');
  const fields = fieldsOf(root);
  const top = entriesOf(document.contents, fields, '');
  return top.map(({ name, pair, schema, meaning }) => {
    const settings = settingsOf(document, pair, schema, name);
    // A setting of the first level that is no mapping is a section of itself.
    return settings.length === 0
      ? { name, meaning: '', settings: [settingOf(document, pair, schema, name, meaning)] }
      : { name, meaning, settings };
  });
}

type Schema = z.core.$ZodType & { readonly description?: string | undefined };

interface Entry {
  readonly name: string;
  readonly pair: Pair;
  readonly schema: Schema;
  readonly meaning: string;
}

/** The settings of a mapping, or of the mappings in a list; none for anything else. */
function settingsOf(document: Document, { value }: Pair, schema: Schema, path: string): readonly Setting[] {
  const inner = unwrapped(schema);
  const isList = isSeq(value) && isMap(value.items[0]) && value.items[0].flow !== true;
  const map = isList ? value.items[0] : value;
  const at = isList ? `${path}[]` : path;
  const of = isList && inner.def.type === 'array' ? unwrapped((inner as z.ZodArray).element) : inner;
  if (!isMap(map) || map.flow === true || of.def.type !== 'object') return [];
  return entriesOf(map, fieldsOf(of), at).flatMap(({ name, pair, schema: field, meaning }) => {
    const own = `${at}.${name}`;
    const nested = settingsOf(document, pair, field, own);
    if (nested.length === 0) return [settingOf(document, pair, field, own, meaning)];
    return [{ path: own, kind: undefined, preset: undefined, meaning }, ...nested];
  });
}

function settingOf(
  document: Document,
  { value }: Pair,
  schema: Schema,
  path: string,
  meaning: string,
): Setting {
  if (meaning === '') throw new Error(`config/default.yaml does not say what ${path} means`);
  return { path, kind: kindOf(schema), preset: presetOf(document, value), meaning };
}

function entriesOf(map: YAMLMap, fields: ReadonlyMap<string, Schema>, path: string): readonly Entry[] {
  const names = map.items.map(({ key }) => (isScalar(key) ? String(key.value) : ''));
  const unknown = [...fields.keys()].filter((name) => !names.includes(name));
  if (unknown.length > 0)
    throw new Error(`config/default.yaml lacks ${unknown.join(', ')} in ${path || 'the root'}`);
  return map.items.map((pair, index) => {
    const name = names[index] ?? '';
    const schema = fields.get(name);
    if (schema === undefined) throw new Error(`the schema has no ${path}.${name}`);
    const { key } = pair;
    const own = isScalar(key) ? key.commentBefore : undefined;
    // YAML gives the comment before the first key of a mapping to the mapping.
    const comment = own ?? (index === 0 && path !== '' ? map.commentBefore : undefined);
    return {
      name,
      pair,
      schema,
      meaning: (comment ?? '')
        .split('\n')
        .map((line) => line.trim())
        .join(' '),
    };
  });
}

function presetOf(document: Document, value: unknown): string {
  if (isCollection(value) && value.flow === true) return String(value);
  const plain = isCollection(value) || isScalar(value) ? value.toJS(document) : value;
  if (typeof plain === 'string') return plain === '' ? "''" : plain;
  return JSON.stringify(plain);
}

// ── The schema ──

function fieldsOf(schema: Schema): ReadonlyMap<string, Schema> {
  return new Map(Object.entries((schema as z.ZodObject).shape));
}

/** Without what says that it may be left out, and what is done to it once it is read. */
function unwrapped(schema: Schema): z.ZodType {
  const typed = schema as z.ZodType;
  const { type } = typed.def;
  if (typed.description !== undefined) return typed;
  if (type === 'pipe') return unwrapped((typed as z.ZodPipe<z.ZodType>).in);
  if (type === 'optional' || type === 'nullable' || type === 'default')
    return unwrapped((typed as z.ZodOptional<z.ZodType>).unwrap());
  return typed;
}

function kindOf(schema: Schema): string {
  const inner = unwrapped(schema);
  const kind = inner.description ?? composedKind(inner);
  return isNullable(schema) ? `${kind}; or null` : kind;
}

function composedKind(schema: z.ZodType): string {
  if (schema.def.type === 'object')
    return [...fieldsOf(schema)].map(([name, field]) => `${name}: ${kindOf(field)}`).join('; ');
  if (schema.def.type === 'array') return `a list; of each ${kindOf((schema as z.ZodArray).element)}`;
  throw new Error(`a setting of the type ${schema.def.type} has no description in src/config/schema.ts`);
}

function isNullable(schema: Schema): boolean {
  const { def } = schema as z.ZodType;
  if (def.type === 'nullable') return true;
  return (
    (def.type === 'optional' || def.type === 'default') &&
    isNullable((schema as z.ZodOptional<z.ZodType>).unwrap())
  );
}
