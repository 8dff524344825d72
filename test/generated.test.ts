import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { generate } from '../scripts/generate.ts'

for (const [file, text] of await generate()) {
  t.test(`${file} is up to date with \`npm run generate\``, async t => {
    t.equal(readFileSync(join(import.meta.dirname, '..', file), 'utf8'), text)
  })
}

t.test('every configuration key has a description', async t => {
  t.notMatch((await generate()).get('docs/configuration.md'), /undefined/)
})
