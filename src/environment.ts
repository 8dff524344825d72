/** All that we take of the environment. */
import { delimiter } from 'node:path'

/** The namespace that we run in ourselves, which we never judge. */
export const OWN_NAMESPACE = process.env['POD_NAMESPACE']

/** The files that `KUBECONFIG` names. */
export const kubeconfigFiles = (): readonly string[] =>
  (process.env['KUBECONFIG'] ?? '').split(delimiter).filter(file => file !== '')

/** @see https://no-color.org */
export const isColorDisabled = (): boolean => (process.env['NO_COLOR'] ?? '') !== ''
