import t from 'tap'
import { findBurstCapacity, parseGoFloat } from '../../src/model/burst-capacity.ts'

// What strconv.ParseFloat(s, 64) of Go 1.26 answers; undefined where it returns an error.
const FLOATS: Readonly<Record<string, number | undefined>> = {
  '0': 0,
  '-0': -0,
  '0.0': 0,
  '1_000': 1000,
  '0x1p-2': 0.25,
  '0x10': undefined,
  '0x_1p0': 1,
  '1e400': undefined,
  '-1.0': -1,
  '+1': 1,
  inf: Number.POSITIVE_INFINITY,
  '+Inf': Number.POSITIVE_INFINITY,
  '-infinity': Number.NEGATIVE_INFINITY,
  nan: Number.NaN,
  '+nan': undefined,
  '.5': 0.5,
  '5.': 5,
  '.': undefined,
  '1e': undefined,
  '1e5': 100_000,
  '': undefined,
  ' 0': undefined,
  '0 ': undefined,
  '0X1P+3': 8,
  '1E-400': 0,
  '0x1.8p1': 3,
  '-0x1p0': -1,
  '1__0': undefined,
  infi: undefined,
  '0b1': undefined,
  '00012': 12,
  '1e1_0': 1e10,
  '0x1p1_0': 1024,
  '0x.p1': undefined,
  '0xp1': undefined
}

t.test('numbers are read as Go reads them', async t => {
  for (const [text, value] of Object.entries(FLOATS)) t.same(parseGoFloat(text), value, `"${text}"`)
})

t.test('the capacity of a revision', async t => {
  const [kebab, camel] = [
    'autoscaling.knative.dev/target-burst-capacity',
    'autoscaling.knative.dev/targetBurstCapacity'
  ]
  for (const [name, annotations, expected] of [
    ['none', {}, undefined],
    ['zero', { [camel]: '0' }, { key: camel, text: '0', value: 0 }],
    ['always on the path', { [camel]: '-1.0' }, { key: camel, text: '-1.0', value: -1 }],
    ['below -1', { [camel]: '-2' }, { key: camel, text: '-2', value: undefined }],
    ['no number', { [camel]: 'off' }, { key: camel, text: 'off', value: undefined }],
    ['not a number, which Knative takes', { [camel]: 'NaN' }, { key: camel, text: 'NaN', value: Number.NaN }],
    [
      'the first spelling counts, whatever it says',
      { [camel]: '0', [kebab]: 'x' },
      { key: kebab, text: 'x', value: undefined }
    ]
  ] as const) {
    t.same(findBurstCapacity(annotations), expected, name)
  }
})
