import { delimiter, join } from 'node:path'

/** All environment variables that are read, with their effect. */
export const VARIABLES = {
  KUBECONFIG: 'kubeconfig files, without `--kubeconfig`; the first that sets a value takes precedence',
  NO_COLOR: 'if not empty, `--color auto` prints no colors',
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

/** @see https://no-color.org */
export const isColorDisabled = (): boolean => read('NO_COLOR') !== ''
