/** Output on a terminal: width, colors, and progress. */
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import t from 'tap'
import { terminalIo } from '../../src/cli/terminal.ts'
import { serveFolder } from '../support/cluster.ts'
import { runCommand } from '../support/command.ts'
import { kubeconfig } from '../support/kubeconfig.ts'
import { end, start } from '../support/program.ts'
import { runInTerminal, withoutTerminal } from '../support/terminal.ts'

const AGAINST = ['--against', 'examples/four-outcomes']
const CHECK = ['check', 'examples/strict-mesh.yaml', '--against', 'examples/cluster']
const PLAN = ['plan', '--goal', 'strict-mtls', '--against', 'examples/cluster']
process.chdir(join(import.meta.dirname, '../..'))

/** Escape sequences as text. */
const marked = (text: string) => text.replaceAll('\u001b', '^').replaceAll('\r', '<')
const charactersOf = (text: string) => [...text.replaceAll(/\s/g, '')].sort().join('')
const longest = (text: string) => Math.max(...text.split('\n').map(line => stripVTControlCharacters(line).length))

t.test('text is wrapped at the width of the terminal, and nothing is lost', async t => {
  for (const argv of [
    ['explain', 'user1/sklearn-iris', ...AGAINST],
    ['explain', ...AGAINST],
    ['access', 'user1/sklearn-iris', ...AGAINST],
    ['diff', 'examples/cluster', 'examples/four-outcomes'],
    PLAN,
    CHECK,
    ['rules']
  ]) {
    const { out: wide } = await runCommand(argv, false)
    t.ok(longest(wide) > 110, `${argv[0]}: not wrapped without a terminal`)
    const { out } = await runCommand(
      [...argv, '--color', 'never'].slice(0, argv[0] === 'rules' ? 1 : undefined),
      true,
      100
    )
    t.ok(longest(out) <= 110, `${argv[0]}: ${longest(out)}`)
    t.equal(charactersOf(out), charactersOf(wide), argv.join(' '))
  }
  const { out } = await runCommand([...CHECK, '-o', 'json'], true, 40)
  t.ok(longest(out) > 40, 'JSON is not wrapped')
})

t.test('a table in a narrow terminal has cells of several lines', async t => {
  const { out } = await runCommand(['explain', 'user1/sklearn-iris', ...AGAINST, '--color', 'never'], true, 64)
  t.same(out.split('\n').slice(1, 6), [
    '  RESULT       CALLER          ADDRESS           PATH',
    '  BLOCKED [1]  in-mesh (any    component host    caller --x pod',
    '               other           or',
    '               namespace)      InferenceService',
    '                               URL'
  ])
})

/** Stream that keeps what is written. */
function streamOf(columns?: number) {
  const written: string[] = []
  const isTTY = columns !== undefined
  return { written, stream: { isTTY, columns: columns ?? 80, write: (text: string) => written.push(text) } }
}

t.test('stderr is wrapped at its own width, and a message replaces the status line', async t => {
  const [stdout, stderr] = [streamOf(), streamOf(20)]
  const io = terminalIo(stdout.stream, stderr.stream)
  t.match(io, { isTerminal: false, columns: Infinity })
  io.status?.('')
  io.status?.('read 1 of 2 kinds, 3,400 objects')
  io.err('error: a: not found; use --against PATH')
  io.out('a result that is longer than the terminal is wide')
  t.same(stderr.written, [
    '\r\u001b[Kread 1 of 2 kinds, ',
    '\r\u001b[K',
    'error: a: not found;\n  use --against PATH\n'
  ])
  t.same(stdout.written, ['a result that is longer than the terminal is wide\n'])
  t.equal(terminalIo(streamOf(100).stream, streamOf().stream).columns, 100)
  t.equal(terminalIo(streamOf(0).stream, streamOf().stream).columns, Infinity, 'the width is not known')
  t.equal(terminalIo(streamOf(100).stream, streamOf().stream).status, undefined)
})

t.test('the program in a pseudo-terminal', { skip: withoutTerminal, timeout: 60_000 }, async t => {
  const colored = await runInTerminal(CHECK, { columns: 70 })
  t.match(marked(colored), /^\^\[31mDENY\^\[0m /)
  t.ok(longest(colored) <= 70)
  const plain = await runInTerminal(CHECK, { columns: 70, env: { NO_COLOR: '1' } })
  t.equal(plain, stripVTControlCharacters(colored))
  t.match(
    await runInTerminal(['explain', '--agianst', 'x'], { columns: 40 }),
    /^error: --agianst: unknown option; did\n {2}you mean --against\?\n$/
  )
  t.equal((await end(start(t, CHECK))).out.includes('\u001b'), false)
})

t.test('a long read of a cluster shows its progress on a terminal only', { timeout: 60_000 }, async t => {
  const api = await serveFolder(t, 'examples/cluster')
  const explain = ['explain', '--kubeconfig', join(t.testdir({ config: kubeconfig(api.url) }), 'config')]
  const shown: string[] = []
  const show = (text: string) => void shown.push(text)
  await runCommand(explain, true, Infinity, show)
  t.same(shown, [''], 'a short read')
  api.fault = (request, response) => {
    if (!request.pathname.endsWith('/peerauthentications')) return false
    setTimeout(() => api.respond(request, response), 1_600)
    return true
  }
  t.match(await runCommand(explain, false), { code: 0, err: '' }, 'stderr is not a terminal')
  await runCommand(explain, true, Infinity, show)
  t.ok(shown.length > 2)
  t.equal(shown.at(-1), '', 'the line is removed')
  const [, kinds, all, objects] = /^read (\d+) of (\d+) kinds, (\d+) objects$/.exec(`${shown.at(-2)}`) ?? []
  t.ok(Number(kinds) < Number(all), `${kinds} of ${all}`)
  t.ok(Number(objects) > 0)
  if (withoutTerminal !== false) return
  const out = marked(await runInTerminal(explain, { columns: 80 }))
  t.match(out, /<\^\[Kread \d+ of \d+ kinds, \d+ objects<\^\[K\^\[32mok\^\[0m /)
})
