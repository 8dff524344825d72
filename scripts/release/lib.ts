/** Parts that the checks of a release share. */
import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { promisify } from 'node:util'

export const root = join(import.meta.dirname, '../..')
/** Folder of the released files. */
export const out = join(root, 'release')

export interface Manifest {
  readonly name: string
  readonly version: string
  readonly description: string
  readonly license: string
  readonly homepage: string
  readonly bin: Readonly<Record<string, string>>
  readonly devDependencies: Readonly<Record<string, string>>
}

/** A released file. */
export interface Released {
  /** Path relative to the checkout. */
  readonly file: string
  readonly bytes: number
  readonly what: string
}

export const measured = (file: string, what: string): Released => ({
  file: relative(root, file),
  bytes: statSync(file).size,
  what
})

export const log = (line: string) => process.stderr.write(`${line}\n`)

export class CheckFailed extends Error {}

export function must(holds: boolean, why: string): asserts holds {
  if (!holds) throw new CheckFailed(why)
}

export const read = (file: string) => readFileSync(join(root, file), 'utf8')
export const manifest: Manifest = JSON.parse(read('package.json'))
export async function run(program: string, args: readonly string[], cwd = root): Promise<string> {
  const { stdout } = await promisify(execFile)(program, args, { cwd, maxBuffer: 64 * 1024 * 1024 })
  return stdout
}

/** Runs npm. On Windows it is a script, which only its own Node.js can start without a shell. */
export function npm(args: readonly string[], cwd = root): Promise<string> {
  const script = process.env['npm_execpath']
  return script === undefined ? run('npm', args, cwd) : run(process.execPath, [script, ...args], cwd)
}

/** Calls `use` with an empty folder, and removes it afterwards. */
export async function inFolder<Result>(use: (folder: string) => Result): Promise<Awaited<Result>> {
  const folder = mkdtempSync(join(tmpdir(), 'mesh-guard-release-'))
  try {
    return await use(folder)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

export function mustHave(folder: string, files: readonly string[], what: string): void {
  for (const file of files) must(existsSync(join(folder, file)), `${what} has no ${file}`)
}

/** Prints a failed check without a stack trace, and ends with exit code 1. */
export async function report(check: () => Promise<readonly Released[]>): Promise<void> {
  try {
    process.stdout.write(`${toTable(await check())}\n`)
  } catch (error) {
    if (!(error instanceof CheckFailed)) throw error
    log(`release check failed: ${error.message}`)
    process.exitCode = 1
  }
}

function toTable(released: readonly Released[]): string {
  const rows = released.map(({ file, bytes, what }) => [file, `${Math.ceil(bytes / 1024)} KiB`, what])
  const widths = [0, 1].map(i => Math.max(...rows.map(row => (row[i] ?? '').length)))
  return rows
    .map(([file = '', size = '', what]) => `${file.padEnd(widths[0] ?? 0)}  ${size.padStart(widths[1] ?? 0)}  ${what}`)
    .join('\n')
}
