import { LineCounter, parseDocument } from 'yaml'
import { z } from 'zod'
import { LINEAR, readDocument } from './document.ts'
import { InvalidInput } from './files.ts'
import { toField } from './manifest.ts'
import { suggest } from './suggest.ts'
import { lineAt } from './yaml.ts'

/**
 * Reads a YAML document and checks it by a schema. An empty text is an empty map.
 *
 * @param file source of the text, for messages; without a file the text is empty and has no errors
 * @throws {InvalidInput} with file, line and the nearest valid name for each error
 */
export function parseChecked<S extends z.ZodType>(schema: S, text: string, file: string | undefined): z.output<S> {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, ...LINEAR })
  const { value, errors } = readDocument(document)
  const [first] = errors
  if (first !== undefined) {
    throw new InvalidInput([`${file}:${lines.linePos(first.offset).line}: ${first.message}`])
  }
  const { data, error, success } = schema.safeParse(value ?? {})
  if (success) return data
  throw new InvalidInput(
    error.issues
      .flatMap(issue => toErrors(schema, issue))
      .map(({ path, message }) => {
        const keys = path.filter(part => typeof part !== 'symbol')
        const field = path.length === 0 ? '' : `${toField(path)}: `
        return `${file}:${lineAt(document, lines, keys)}: ${field}${message}`
      })
  )
}

interface FieldError {
  readonly path: readonly PropertyKey[]
  readonly message: string
}

function toErrors(schema: z.ZodType, issue: z.core.$ZodIssue): readonly FieldError[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map(key => ({
      path: [...issue.path, key],
      message: `unknown key${suggest(key, keysAt(schema, issue.path))}`
    }))
  }
  return [{ path: issue.path, message: issue.message }]
}

type JsonSchema = z.core.JSONSchema.BaseSchema

/** Keys that the schema allows at a path. */
function keysAt(whole: z.ZodType, path: readonly PropertyKey[]): readonly string[] {
  let schema: JsonSchema = z.toJSONSchema(whole, { io: 'input' })
  for (const part of path) {
    schema = (typeof part === 'number' ? schema.items : schema.properties?.[String(part)]) as JsonSchema
  }
  const { propertyNames, properties = {} } = schema
  return typeof propertyNames === 'object' ? (propertyNames.enum as readonly string[]) : Object.keys(properties)
}
