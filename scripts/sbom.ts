/** Output of `npm sbom --sbom-format cyclonedx`, reduced to the fields that are changed here. */
export interface Bom {
  readonly metadata: { readonly component: { readonly 'bom-ref': string } }
  readonly components: readonly Component[]
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[]
}

interface Component {
  readonly 'bom-ref': string
  readonly name: string
  readonly version: string
  readonly properties: readonly { readonly name: string; readonly value: string }[]
}

/**
 * The bill of materials without development dependencies. `npm sbom --omit dev` also omits packages that both the program and
 * a development tool use.
 */
export function forProduction(bom: Bom): Bom {
  const components = bom.components.filter(component => !isForDevelopment(component))
  const omitted = new Set(bom.components.filter(isForDevelopment).map(component => component['bom-ref']))
  const dependencies = bom.dependencies
    .filter(({ ref }) => !omitted.has(ref))
    .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter(one => !omitted.has(one)) }))
  return { ...bom, components, dependencies }
}

const isForDevelopment = ({ properties }: Component) =>
  properties.some(({ name, value }) => name === 'cdx:npm:package:development' && value === 'true')

/** Components that are listed although they are only direct development dependencies. */
export function toolsIn(
  { components, dependencies, metadata }: Bom,
  devDependencies: readonly string[]
): readonly string[] {
  const needed = new Set(
    dependencies.filter(({ ref }) => ref !== metadata.component['bom-ref']).flatMap(({ dependsOn }) => dependsOn)
  )
  return components
    .filter(({ name, 'bom-ref': ref }) => devDependencies.includes(name) && !needed.has(ref))
    .map(({ name, version }) => `${name} ${version}`)
}
