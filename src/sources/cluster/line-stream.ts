import { WatchError } from './watch-error.ts'

/** etcd stores at most 1.5 MiB per object by default; its JSON may be a few times as long. */
const MAX_LINE_LENGTH = 32 * 1024 * 1024

/**
 * Splits a stream of bytes into lines; an empty line is skipped.
 *
 * @throws {WatchError} for a line longer than `maxLength` characters
 */
export async function* toLines(body: AsyncIterable<Buffer>, maxLength = MAX_LINE_LENGTH): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  // Chunks of a line are joined once: searching the whole line after each chunk would take quadratic time.
  let partial: string[] = []
  let length = 0
  for await (const chunk of body) {
    const [first = '', ...others] = decoder.decode(chunk, { stream: true }).split('\n')
    partial.push(first)
    length += first.length
    const rest = others.pop()
    if (rest !== undefined) {
      yield* [partial.join(''), ...others].filter(line => line !== '')
      partial = [rest]
      length = rest.length
    }
    if (length > maxLength) throw new WatchError('malformed', `watch: line longer than ${maxLength} characters`, true)
  }
  const last = partial.join('')
  if (last !== '') yield last
}

/** Reads a stream as text, and stops after the chunk that reaches `maxBytes`. */
export async function toText(body: AsyncIterable<Buffer>, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of body) {
    chunks.push(chunk)
    bytes += chunk.length
    if (bytes >= maxBytes) break
  }
  return Buffer.concat(chunks).toString('utf8')
}
