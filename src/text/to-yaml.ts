import { type CreateNodeOptions, type SchemaOptions, stringify, type ToStringOptions } from 'yaml'

/** Writes YAML without aliases: objects in memory share values, for instance empty lists. */
export const toYaml = (value: unknown, style: CreateNodeOptions & SchemaOptions & ToStringOptions = {}): string =>
  stringify(value, { aliasDuplicateObjects: false, ...style })
