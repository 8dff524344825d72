/** Cuts a stream of bytes into lines of text, wherever the bytes were split. */
export async function* toLines(body: AsyncIterable<Buffer>): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of body) {
    const text = rest + decoder.decode(chunk, { stream: true })
    const end = text.lastIndexOf('\n') + 1
    rest = text.slice(end)
    yield* text
      .slice(0, end)
      .split('\n')
      .filter(line => line !== '')
  }
  if (rest !== '') yield rest
}

/** The whole stream as text. */
export async function toText(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of body) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}
