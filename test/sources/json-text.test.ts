import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { parseDocument } from 'yaml'
import { parseJsonObject } from '../../src/sources/json-text.ts'
import { property } from '../support/property.ts'

t.test('JSON objects are parsed unless the parser for YAML may reject them', async t => {
  const nested = (depth: number) => `{"a":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}}`
  for (const [name, text, expected] of [
    ['object', ' {"a": {"b": [1, {"c": null}]}, "d": "x"}\n', { a: { b: [1, { c: null }] }, d: 'x' }],
    ['punctuation in strings', '{"a:\\":{[": "\\\\", "b": ":\\\\\\""}', { 'a:":{[': '\\', b: ':\\"' }],
    ['equal keys of two objects', '{"a": {"b": 1}, "c": {"b": 1}}', { a: { b: 1 }, c: { b: 1 } }],
    ['duplicate keys', '{"a": 1, "b": {"c": 1, "c": 1}}', undefined],
    ['duplicate keys of which one is escaped', '{"a": 1, "\\u0061": 1}', undefined],
    ['nested 90 deep', nested(90), JSON.parse(nested(90))],
    ['nested 91 deep', nested(91), undefined],
    ['nested too deep for the stack', nested(1_000_000), undefined],
    ['array', '[1]', undefined],
    ['text', '"a"', undefined],
    ['YAML', '{a: 1}', undefined],
    ['two documents', '{"a": 1}\n---\n{"a": 1}', undefined],
    ['nothing', '', undefined]
  ] as const) {
    t.same(parseJsonObject(text), expected, name)
  }
})

const objects = fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue({ stringUnit: 'binary' }))
property(t, 'JSON has the same value as YAML', objects, 500, object => {
  for (const text of [JSON.stringify(object), JSON.stringify(object, undefined, 2)]) {
    assert.deepEqual(parseJsonObject(text), parseDocument(text, { prettyErrors: false }).toJS())
  }
})
