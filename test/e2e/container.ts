import { spawn } from 'node:child_process'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { argsOf, buildImage, entrypoint, running } from '../support/dockerfile.ts'
import { type Process, waitForStart } from './guard.ts'
import { type Ran, runnerOf } from './kubectl.ts'

/** Container without an engine: files and user of the image, on a read-only root. */
export interface Container {
  /** Starts the entry point of the image. */
  readonly start: (args: readonly string[], env: Readonly<Record<string, string>>) => Promise<Process>
  /** Runs a program of the image until it exits. */
  readonly run: (command: readonly string[]) => Promise<Ran>
}

/** Parts of the base image: Node and its libraries. */
const LIBRARIES = ['/usr/lib', '/usr/lib64']
const NODE = '/usr/local/bin/node'

/**
 * Sets up a mount namespace, drops all privileges, and runs the remaining arguments.
 */
const ENTER = `
set -e
root=$1 wd=$2 uid=$3 gid=$4
shift 4
mount --rbind "$root" "$root"
for one in ${LIBRARIES.join(' ')} /proc; do mount --bind "$one" "$root$one"; done
mount --bind "$NODE" "$root${NODE}"
for one in / ${LIBRARIES.join(' ')} ${NODE}; do mount -o remount,ro,bind "$root$one"; done
exec setpriv --no-new-privs --bounding-set -all,+sys_chroot,+setuid,+setgid --inh-caps -all \\
  unshare --root="$root" --wd="$wd" --setgid="$gid" --setuid="$uid" -- "$@"
`

/**
 * @param folder empty directory for the files of the container
 * @param files additional mounts: path in the container, and text
 */
export function openContainer(folder: string, files: Readonly<Record<string, string>>): Container {
  buildImage(folder)
  const root = join(folder, 'image')
  for (const path of [...LIBRARIES, '/proc', '/usr/local/bin']) mkdirSync(join(root, path), { recursive: true })
  for (const name of ['lib', 'lib64']) symlinkSync(`usr/${name}`, join(root, name))
  writeFileSync(join(root, NODE), '')
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(root, path, '..'), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  const [workdir = '/'] = argsOf('WORKDIR', running)
  const [uid = '', gid = ''] = argsOf('USER', running).flatMap(args => args.split(':'))
  const entered = ['--mount', 'sh', '-c', ENTER, 'sh', root, workdir, uid, gid]
  // Only this environment, without the variables of the test runner.
  const clean = (more: Readonly<Record<string, string>>) =>
    Object.entries({ PATH: process.env['PATH'], NODE: process.execPath, ...more }).map(
      ([key, value]) => `${key}=${value}`
    )
  return {
    start: (args, more) =>
      waitForStart(spawn('env', ['-i', ...clean(more), 'unshare', ...entered, ...entrypoint, ...args]), () => {}),
    run: command => runnerOf('env', ['-i', ...clean({}), 'unshare', ...entered])(command)
  }
}
