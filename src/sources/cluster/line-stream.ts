import { Trouble } from './watch-error.ts'

/** An object is never so long: etcd takes 1.5 MiB, and as JSON it may be a few times that. */
const LONGEST = 32 * 1024 * 1024

/**
 * Cuts a stream of bytes into lines of text, wherever the bytes were split.
 *
 * @throws {Trouble} for a line that has no end
 */
export async function* toLines(body: AsyncIterable<Buffer>, longest = LONGEST): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  // A long line comes in many chunks. To look through all of it with each would take quadratic time.
  let begun: string[] = []
  let length = 0
  for await (const chunk of body) {
    const [first = '', ...others] = decoder.decode(chunk, { stream: true }).split('\n')
    begun.push(first)
    length += first.length
    const rest = others.pop()
    if (rest !== undefined) {
      yield* [begun.join(''), ...others].filter(line => line !== '')
      begun = [rest]
      length = rest.length
    }
    if (length > longest) throw new Trouble('malformed', 'the server sent a line without end', true)
  }
  const last = begun.join('')
  if (last !== '') yield last
}

/** A stream as text, up to so many bytes; the rest is not waited for. */
export async function toText(body: AsyncIterable<Buffer>, mostBytes: number): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of body) {
    chunks.push(chunk)
    bytes += chunk.length
    if (bytes >= mostBytes) break
  }
  return Buffer.concat(chunks).toString('utf8')
}
