/** Name and public addresses of the project, from package.json. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')

interface Manifest {
  readonly name: string
  readonly version: string
  readonly description: string
  readonly license: string
  readonly homepage: string
  readonly repository: { readonly url: string }
}

const manifest: Manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

export const { name: NAME, version: VERSION, description: DESCRIPTION, license: LICENSE } = manifest

/** Address of the documentation site, with a slash at the end. */
export const SITE = manifest.homepage

/** Address of the repository for browsers. */
export const REPOSITORY = manifest.repository.url.replace(/^git\+|\.git$/g, '')

const [, owner = ''] = new URL(REPOSITORY).pathname.split('/')

/** Image without its tag. */
export const IMAGE = `ghcr.io/${owner}/${NAME}`

/** Address of the chart for Helm. */
export const CHART = `oci://ghcr.io/${owner}/charts/${NAME}`
