import manifest from '../package.json' with { type: 'json' }

/** The oldest version that the Kubernetes client supports. */
const OLDEST = manifest.engines.node.replace('>=', '')

/** Why this version of Node.js cannot run the program; undefined if it can. npm only warns at the installation. */
export function describeOldNode(version: string): string | undefined {
  if (version.localeCompare(OLDEST, 'en', { numeric: true }) >= 0) return undefined
  return `Node.js ${version}: too old for mesh-guard; use ${OLDEST} or newer, or the executable of the release`
}
