import manifest from '../../package.json' with { type: 'json' }

/** Address of the page of a rule on the documentation site. */
export const rulePage = (id: string) => `${manifest.homepage}rules/${id}`
