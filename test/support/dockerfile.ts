import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'

const root = join(import.meta.dirname, '../..')

interface Instruction {
  readonly name: string
  readonly args: string
}

/** Instructions of one stage. */
export type Stage = readonly Instruction[]

const instructions: Stage = readFileSync(join(root, 'Dockerfile'), 'utf8')
  .replaceAll(/^#.*\n/gm, '')
  .replaceAll('\\\n', '')
  .split('\n')
  .filter(line => line !== '')
  .map(line => ({ name: line.split(' ', 1)[0] ?? '', args: line.replace(/^\S+\s+/, '') }))
const second = instructions.findLastIndex(({ name }) => name === 'FROM')

/** Build stage and final stage. */
export const building = instructions.slice(0, second)
export const running = instructions.slice(second)

export const argsOf = (name: string, stage: Stage = instructions) =>
  stage.filter(one => one.name === name).map(({ args }) => args)

/** Sources and target of each COPY from the checkout. */
export const copiesOf = (stage: Stage) =>
  argsOf('COPY', stage)
    .filter(args => !args.startsWith('--from'))
    .map(args => ({ from: args.split(' ').slice(0, -1), to: args.split(' ').at(-1) ?? '' }))

const copy = (stage: Stage, to: string) => {
  for (const { from, to: target } of copiesOf(stage)) {
    for (const name of from) {
      const path =
        target === './'
          ? join(to, name)
          : target.endsWith('/')
            ? join(to, target, name.replace(/.*\//, ''))
            : join(to, target)
      mkdirSync(dirname(path), { recursive: true })
      cpSync(join(root, name), path, { recursive: true })
    }
  }
}

/**
 * Follows the Dockerfile without a container engine and base image, with the packages of the checkout.
 *
 * @param folder an empty directory
 * @returns the working directory of the image
 */
export function buildImage(folder: string): string {
  const build = join(folder, 'build')
  copy(building, build)
  symlinkSync(join(root, 'node_modules'), join(build, 'node_modules'))
  const [, command = ''] = argsOf('RUN', building)
  execFileSync(process.execPath, command.split(' ').slice(1), { cwd: build })
  const app = join(folder, 'image', argsOf('WORKDIR', running)[0] ?? '')
  copy(running, app)
  const [, made = '', target = ''] =
    /^--from=build \/build\/(\S+) (\S+)$/.exec(argsOf('COPY', running).at(-1) ?? '') ?? []
  cpSync(join(build, made), join(app, target), { recursive: true })
  return app
}

/** Program and arguments of the image. */
export const entrypoint: readonly string[] = JSON.parse(argsOf('ENTRYPOINT')[0] ?? '[]')
