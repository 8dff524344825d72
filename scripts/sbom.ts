/** What `npm sbom --sbom-format cyclonedx` prints, as far as it is changed here. */
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
 * The bill of materials without what is for development alone. `npm sbom --omit dev` also leaves out what is for both,
 * such as a library that the program and one of its tools use.
 */
export function forProduction(bom: Bom): Bom {
  const components = bom.components.filter(component => !isForDevelopment(component))
  const left = new Set(bom.components.filter(isForDevelopment).map(component => component['bom-ref']))
  const dependencies = bom.dependencies
    .filter(({ ref }) => !left.has(ref))
    .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter(one => !left.has(one)) }))
  return { ...bom, components, dependencies }
}

const isForDevelopment = ({ properties }: Component) =>
  properties.some(({ name, value }) => name === 'cdx:npm:package:development' && value === 'true')

/** What is listed although only we ourselves ask for it, and that for development. */
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
