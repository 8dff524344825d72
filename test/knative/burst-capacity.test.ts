import t from 'tap'
import { findBurstCapacity } from '../../src/knative/burst-capacity.ts'

t.test('annotations set targetBurstCapacity of a revision', async t => {
  const [kebab, camel] = [
    'autoscaling.knative.dev/target-burst-capacity',
    'autoscaling.knative.dev/targetBurstCapacity'
  ]
  for (const [name, annotations, expected] of [
    ['no annotation', {}, undefined],
    ['0, activator is never on the path', { [camel]: '0' }, { key: camel, text: '0', value: 0 }],
    ['-1, activator is always on the path', { [camel]: '-1.0' }, { key: camel, text: '-1.0', value: -1 }],
    ['below -1', { [camel]: '-2' }, { key: camel, text: '-2', value: undefined }],
    ['not a number', { [camel]: 'off' }, { key: camel, text: 'off', value: undefined }],
    ['NaN, which Knative accepts', { [camel]: 'NaN' }, { key: camel, text: 'NaN', value: Number.NaN }],
    [
      'the first annotation key takes precedence',
      { [camel]: '0', [kebab]: 'x' },
      { key: kebab, text: 'x', value: undefined }
    ]
  ] as const) {
    t.same(findBurstCapacity(annotations), expected, name)
  }
})
