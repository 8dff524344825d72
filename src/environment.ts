import { delimiter, join } from 'node:path'

/** All environment variables that are read, with their effect. */
export const VARIABLES = {
  KUBECONFIG: 'kubeconfig files, without `--kubeconfig`; the first that sets a value takes precedence',
  NO_COLOR: 'if not empty, `--color auto` prints no colors',
  FORCE_COLOR:
    'if not empty, `--color auto` prints colors also to files and despite `NO_COLOR`; none if it is `0` or `false`',
  HOME: 'home directory, for `~/.kube/config` and for the cache of compiled code, `~/.cache/mesh-guard`',
  POD_NAMESPACE: 'namespace of the guard, whose objects are never evaluated'
} as const

/** Namespace of the guard, whose objects are never evaluated. */
export const OWN_NAMESPACE = process.env['POD_NAMESPACE' satisfies keyof typeof VARIABLES]

const read = (name: keyof typeof VARIABLES): string => process.env[name] ?? ''

/** Paths in `KUBECONFIG`. */
export const kubeconfigFiles = (): readonly string[] =>
  read('KUBECONFIG')
    .split(delimiter)
    .filter(file => file !== '')

/** Folder of compiled code, in the home directory: other users could write to one for temporary files. */
export const cacheFolder = (): string | undefined => (read('HOME') === '' ? undefined : join(read('HOME'), CACHE))

const CACHE = '.cache/mesh-guard'

/**
 * Whether the environment requests colors, or none.
 *
 * @see https://no-color.org and https://force-color.org
 */
export function requestedColor(): boolean | undefined {
  const forced = read('FORCE_COLOR')
  if (forced !== '') return forced !== '0' && forced !== 'false'
  return read('NO_COLOR') === '' ? undefined : false
}
