import t from 'tap'
import { renderGoTemplate } from '../../src/text/go-template.ts'

t.test('fields and single keys of maps are rendered; other actions are not modeled', async t => {
  const values = { fields: { Name: 'iris', Domain: 'example.com' }, maps: { Labels: { team: 'blue' } } }
  for (const [template, expected] of [
    ['', ''],
    ['models', 'models'],
    ['{{.Name}}.{{ .Domain }}', 'iris.example.com'],
    ['{{index .Labels "team"}}.{{.Domain}}', 'blue.example.com'],
    ['{{index .Labels `team`}}', 'blue'],
    ['{{index .Labels "tier"}}.{{.Domain}}', '.example.com'],
    ['{{index .Labels "constructor"}}', ''],
    ['{{index .Annotations "team"}}', undefined],
    ['{{index .constructor "team"}}', undefined],
    ['{{.constructor}}', undefined],
    ['{{.Namespace}}', undefined],
    ['{{if .Labels}}a{{end}}', undefined],
    ['{{.Name', undefined]
  ] as const) {
    t.equal(renderGoTemplate(template, values), expected, template)
  }
  t.equal(renderGoTemplate('{{index .Labels "team"}}', { fields: {} }), undefined, 'no maps')
})
