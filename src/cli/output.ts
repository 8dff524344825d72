import { Option } from 'commander'
import { requestedColor } from '../environment.ts'
import { STATUS_LABELS } from '../report/hop-text.ts'
import { wrap } from '../report/wrap.ts'
import { toYaml } from '../text/to-yaml.ts'
import type { Io } from './io.ts'

export interface OutputOptions {
  readonly output: string
  /** Absent: the text has nothing to color. */
  readonly color?: string
  readonly showFix?: boolean
}

const outputOptionOf = (formats: readonly string[]) =>
  new Option('-o, --output <format>', 'output format').choices(formats).default('text')

export const outputOption = outputOptionOf(['text', 'json', 'yaml'])
/** `html`: one file with diagrams. */
export const diffOutputOption = outputOptionOf(['text', 'json', 'yaml', 'markdown', 'html'])
/** Formats of a report; `github`: annotations of GitHub Actions. */
export const reportOutputOption = outputOptionOf(['text', 'json', 'yaml', 'sarif', 'junit', 'github', 'markdown'])
/** `manifests`: YAML for kubectl. */
export const manifestsOutputOption = outputOptionOf(['text', 'json', 'yaml', 'manifests'])
/** `wide`: text with every hop. `mermaid`: a flowchart. `html`: one file with diagrams. */
export const pathOutputOption = outputOptionOf(['text', 'wide', 'json', 'yaml', 'mermaid', 'html'])

export const showFixOption = new Option('--show-fix', 'print the objects of each fix')

export const colorOption = new Option(
  '--color <when>',
  'color decisions in text output; auto: on a terminal, unless NO_COLOR or FORCE_COLOR is set'
)
  .choices(['auto', 'always', 'never'])
  .default('auto')

/**
 * Writes a result to stdout as `--output` requests it. YAML has the keys and values of the JSON.
 *
 * @param toText its further parameters are whether to print the objects of fixes, and the width of the terminal
 */
export function print<T>(
  io: Io,
  { output, color = 'never', showFix = false }: OutputOptions,
  result: T,
  toText: (result: T, showFix: boolean, columns: number) => string,
  toJson = stringifyJson<T>
): void {
  if (output === 'text') {
    const isColored = color === 'always' || (color === 'auto' && (requestedColor() ?? io.isTerminal))
    const text = toText(result, showFix, io.columns)
    io.out(wrap(isColored ? colorize(text) : text, io.columns))
  } else {
    printJson(io, output, toJson(result))
  }
}

/** Writes JSON to stdout, or the same as YAML if `--output` requests it. */
export function printJson(io: Io, output: string, json: string): void {
  io.out(output === 'yaml' ? toYaml(JSON.parse(json), { lineWidth: 0 }).trimEnd() : json)
}

const stringifyJson = <T>(result: T): string => JSON.stringify(result, undefined, 2)

const RED = 31
const GREEN = 32
const YELLOW = 33
const COLORS: ReadonlyMap<string, number> = new Map([
  ['DENY', RED],
  ['deny', RED],
  [STATUS_LABELS.blocked.trim(), RED],
  ['WARN', YELLOW],
  ['warn', YELLOW],
  [STATUS_LABELS.unknown.trim(), YELLOW],
  ['ALLOW', GREEN],
  ['allow', GREEN],
  [STATUS_LABELS.ok.trim(), GREEN]
])

/** Colors the first word of each line, or the first after a number, if it is a decision, a mode or a verdict. */
function colorize(text: string): string {
  return text.split('\n').map(colorizeLine).join('\n')
}

function colorizeLine(line: string): string {
  const words = line.split(' ')
  const first = words.findIndex(word => word !== '' && !/^\d+$/.test(word))
  const word = words[first] ?? ''
  const color = COLORS.get(word)
  return color === undefined ? line : words.with(first, `\u001b[${color}m${word}\u001b[0m`).join(' ')
}
