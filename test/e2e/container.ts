import { spawn } from 'node:child_process'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { argsOf, buildImage, entrypoint, running } from '../support/dockerfile.ts'
import { follow, type Process } from './guard.ts'
import { type Ran, runnerOf } from './kubectl.ts'

/** A container without an engine: the files of the image, the user of the image, a root that nobody can write to. */
export interface Container {
  /** Runs the guard, by the entry point of the image. */
  readonly start: (args: readonly string[], env: Readonly<Record<string, string>>) => Promise<Process>
  /** Runs a program of the image until it ends. */
  readonly run: (command: readonly string[]) => Promise<Ran>
}

/** What the base image has as well: Node, with the libraries that it is linked to. */
const LIBRARIES = ['/usr/lib', '/usr/lib64']
const NODE = '/usr/local/bin/node'

/**
 * Mounts, in a namespace of mounts that ends with the process, and steps down: no privilege is kept, and none can be had.
 * Then what is left of the arguments runs.
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
 * @param folder empty; it takes the image, and is that of the container's files for as long as one runs
 * @param files what is mounted besides: path in the container, and text
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
  // Nothing but this is in the environment, whatever a test runner would have each Node do.
  const clean = (more: Readonly<Record<string, string>>) =>
    Object.entries({ PATH: process.env['PATH'], NODE: process.execPath, ...more }).map(
      ([key, value]) => `${key}=${value}`
    )
  return {
    start: (args, more) =>
      follow(spawn('env', ['-i', ...clean(more), 'unshare', ...entered, ...entrypoint, ...args]), () => {}),
    run: command => runnerOf('env', ['-i', ...clean({}), 'unshare', ...entered])(command)
  }
}
