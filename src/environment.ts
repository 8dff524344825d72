/** All environment variables that are read. */
import { delimiter, join } from 'node:path'

/** Namespace of the guard, whose objects are never evaluated. */
export const OWN_NAMESPACE = process.env['POD_NAMESPACE']

const read = (name: string): string => process.env[name] ?? ''

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
