import { LineCounter, parseDocument } from 'yaml'
import { z } from 'zod'
import { type Config, configSchema } from './config-schema.ts'
import { LINEAR, readDocument } from './sources/document.ts'
import { InvalidInput, readText } from './sources/files.ts'
import { toField } from './sources/manifest.ts'
import { suggest } from './sources/suggest.ts'
import { lineAt } from './sources/yaml.ts'

/**
 * Reads the configuration; without a file, every key has its default.
 *
 * @throws {InvalidInput} with file, line and the nearest valid name for each error.
 */
export function readConfig(file: string | undefined): Config {
  return parseConfig(readConfigText(file), file)
}

/** @throws {InvalidInput} */
export function readConfigText(file: string | undefined): string {
  return file === undefined ? '' : readText(file)
}

/**
 * @param file source of the text, for messages; without a file the text is empty and has no errors
 * @throws {InvalidInput}
 */
export function parseConfig(text: string, file: string | undefined): Config {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, ...LINEAR })
  const { value, errors } = readDocument(document)
  const [first] = errors
  if (first !== undefined) {
    throw new InvalidInput([`${file}:${lines.linePos(first.offset).line}: ${first.message}`])
  }
  const { data, error } = configSchema.safeParse(value ?? {})
  if (data !== undefined) return data
  throw new InvalidInput(
    error.issues.flatMap(toErrors).map(({ path, message }) => {
      const keys = path.filter(part => typeof part !== 'symbol')
      const field = path.length === 0 ? '' : `${toField(path)}: `
      return `${file}:${lineAt(document, lines, keys)}: ${field}${message}`
    })
  )
}

interface ConfigError {
  readonly path: readonly PropertyKey[]
  readonly message: string
}

function toErrors(issue: z.core.$ZodIssue): readonly ConfigError[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map(key => ({
      path: [...issue.path, key],
      message: `unknown key${suggest(key, keysAt(issue.path))}`
    }))
  }
  return [{ path: issue.path, message: issue.message }]
}

type Schema = z.core.JSONSchema.BaseSchema

/** Keys that the schema allows at a path. */
function keysAt(path: readonly PropertyKey[]): readonly string[] {
  let schema: Schema = z.toJSONSchema(configSchema, { io: 'input' })
  for (const part of path) {
    schema = (typeof part === 'number' ? schema.items : schema.properties?.[String(part)]) as Schema
  }
  const { propertyNames, properties = {} } = schema
  return typeof propertyNames === 'object' ? (propertyNames.enum as readonly string[]) : Object.keys(properties)
}
