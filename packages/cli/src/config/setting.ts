/** One setting: what is said of it, and the names that follow from where it stands. The settings themselves are in schema.ts. */
import { z } from 'zod';
import type { Kind } from './kinds.js';

/** What is said of a setting beside its kind. */
export interface About {
  /** What it is for, as the rest of a line. */
  readonly is: string;
  /** The default in words, where it is no value. */
  readonly unset?: string;
  /** Its environment variable, where the rule (`shutdown.timeout` → `SHUTDOWN_TIMEOUT`) would name another program's. */
  readonly variable?: string;
  /** Its flag: by the rule (`--shutdown-timeout`), under a name of its own, or none. All others are said with `--set`. */
  readonly flag?: boolean | string;
  /** Every mention of the flag counts, not the last one only. */
  readonly repeatable?: boolean;
  /** Is shown nowhere: masked whole, or the passwords in its URLs. */
  readonly secret?: 'whole' | 'password';
  /** Names a file that holds the value of another setting. */
  readonly holds?: string;
}

/** What is known of each of them, by its schema. Not a registry of zod, whose types walk through all that they hold. */
const settings = new WeakMap<z.ZodType, About & { kind: Kind; otherwise: unknown }>();

/** A setting as it is named everywhere. */
export interface Setting extends About {
  /** Where it stands in a file: `shutdown.timeout`. */
  readonly key: string;
  readonly path: readonly string[];
  readonly variable: string;
  /** Without its hyphens; undefined: only with `--set`. */
  readonly flagName: string | undefined;
  readonly kind: Kind;
  /** What it is when nobody says anything; undefined: see `unset`. */
  readonly otherwise: unknown;
}

/** A setting with a default. */
export function setting<Value>(kind: Kind<Value>, about: About, otherwise: NoInfer<Value>) {
  const schema = kind.schema.prefault(asWritten(kind, otherwise)).meta({ description: about.is });
  settings.set(schema, { ...about, kind: kind as Kind, otherwise });
  return schema;
}

/** A setting that need not be there. */
export function optional<Value>(kind: Kind<Value>, about: About) {
  const schema = kind.schema.optional().meta({ description: about.is });
  settings.set(schema, { ...about, kind: kind as Kind, otherwise: undefined });
  return schema;
}

/** Settings that stand together, each of which may be left out. */
export function group<Shape extends z.ZodRawShape>(is: string, shape: Shape) {
  return z
    .strictObject(shape)
    .prefault({} as never)
    .meta({ description: is });
}

/** All settings of a schema, in its order. */
export function settingsOf(schema: z.ZodType, path: readonly string[] = []): Setting[] {
  const inner = schema instanceof z.ZodPrefault ? schema.unwrap() : schema;
  if (!(inner instanceof z.ZodObject)) return [];
  return Object.entries(inner.shape as Record<string, z.ZodType>).flatMap(([name, part]) => {
    const own = [...path, name];
    const about = settings.get(part);
    if (about === undefined) return settingsOf(part, own);
    const kebab = own.join('-').replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    return {
      ...about,
      key: own.join('.'),
      path: own,
      variable: about.variable ?? kebab.replaceAll('-', '_').toUpperCase(),
      flagName: about.flag === true ? kebab : about.flag || undefined,
    };
  });
}

/** As a file would have it, which is what an editor offers: `30s`, not 30000. */
function asWritten<Value>(kind: Kind<Value>, value: Value): unknown {
  return kind.read(kind.write(value));
}
