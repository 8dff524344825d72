import { Trouble } from './trouble.ts'

/** An object is never so long: etcd takes 1.5 MiB, and as JSON it may be a few times that. */
const LONGEST = 32 * 1024 * 1024

/**
 * Cuts a stream of bytes into lines of text, wherever the bytes were split.
 *
 * @throws {Trouble} for a line that has no end
 */
export async function* toLines(body: AsyncIterable<Buffer>, longest = LONGEST): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of body) {
    const text = rest + decoder.decode(chunk, { stream: true })
    const end = text.lastIndexOf('\n') + 1
    rest = text.slice(end)
    if (rest.length > longest) throw new Trouble('malformed', 'the server sent a line without end', true)
    yield* text
      .slice(0, end)
      .split('\n')
      .filter(line => line !== '')
  }
  if (rest !== '') yield rest
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
