import t from 'tap'
import { parseGoFloat } from '../../src/text/go-float.ts'
import { cpuTimeMs } from '../support/cpu-time.ts'

/**
 * Texts by feature, with the result of strconv.ParseFloat(text, 64) of Go 1.26.8; undefined where it returns an error.
 * @see go src/internal/strconv/atof.go, atof_test.go
 */
const FLOATS: Readonly<Record<string, Readonly<Record<string, number | undefined>>>> = {
  'decimal numbers': { '0': 0, '-0': -0, '-1.0': -1, '+1': 1, '.5': 0.5, '5.': 5, '00012': 12 },
  'powers of ten': { '1e5': 1e5, '1E+2': 100, '5.e-1': 0.5, '1e00000000000000000005': 1e5, '0e999999': 0 },
  'no number': { '': undefined, '.': undefined, ' 0': undefined, '0 ': undefined, '1e': undefined },
  'misplaced signs and points': { '--1': undefined, '+-1': undefined, '1.2.3': undefined, '1e5.0': undefined },
  'non-ASCII digits': { '٠': undefined },
  'infinity in any case': { inf: Infinity, '+Inf': Infinity, INFINITY: Infinity, '-infinity': -Infinity },
  'NaN without a sign': { nan: Number.NaN, NaN: Number.NaN, '+nan': undefined, '-NAN': undefined },
  'parts of words, and other letters': { infi: undefined, infinit: undefined, İnf: undefined, nano: undefined },
  'underscores between digits': { '1_000': 1000, '1_23.50_0_0e+1_2': 1.235e14, '0x1p1_0': 1024 },
  'underscores at the start': { _1: undefined, '-_1': undefined, '1._5': undefined, '1e_5': undefined },
  'underscores at the end': { '1_': undefined, '1_.5': undefined, '1.5_e2': undefined, '1e5_': undefined },
  'consecutive underscores': { '1__0': undefined, '1.0__0': undefined, '1e1__2': undefined },
  'a prefix before an underscore': { '0x_1p0': 1, '0x_1_2.3_4_5p+1_2': 74565 },
  'underscores that are not between digits after a prefix': {
    '0x__1p0': undefined,
    '0x_.8p0': undefined,
    '0x1_p0': undefined,
    '0x1._8p0': undefined,
    '0_x1p0': undefined
  },
  'hexadecimal numbers': {
    '0X1P+3': 8,
    '0x.8p1': 1,
    '0x8.p-3': 1,
    '-0x1p0': -1,
    '0xAp0': 10,
    '0x0.000ap4': 0x0a / 4096
  },
  'hexadecimal zero': { '0x0p0': 0, '-0x0p99999': -0 },
  'hexadecimal numbers without an exponent': { '0x10': undefined, '0x1e5': undefined, '0x': undefined },
  'hexadecimal numbers without digits': { '0xp1': undefined, '0x.p1': undefined, '0x1p': undefined },
  'other prefixes': { '0b1': undefined, '0o7': undefined },
  'the largest number and larger ones': {
    '1.7976931348623157e308': Number.MAX_VALUE,
    '1.7976931348623159e308': undefined,
    '0x1.fffffffffffffp1023': Number.MAX_VALUE,
    '0x1.fffffffffffff7fffp1023': Number.MAX_VALUE,
    '0x1.fffffffffffff8p1023': undefined,
    '0x1p1024': undefined,
    '-1e400': undefined
  },
  'the smallest number and numbers that round to zero': {
    '5e-324': Number.MIN_VALUE,
    '2e-324': 0,
    '0x1p-1074': Number.MIN_VALUE,
    '0x1.8p-1075': Number.MIN_VALUE,
    '0x1p-1075': 0,
    '0x1p-9999': 0
  },
  'rounding to even': {
    '9007199254740993': 9007199254740992,
    '0x1.00000000000008p0': 1,
    '0x1.00000000000018p0': 1 + 4 * 2 ** -53,
    '0x1.000000000000080000000001p0': 1 + 2 * 2 ** -53
  },
  'exponents longer than five digits': {
    '1e123456': undefined,
    '1e-123456': 0,
    [`0.${'0'.repeat(100_000)}1e100001`]: 0
  }
}

t.test('numbers are parsed like by strconv.ParseFloat', async t => {
  for (const [name, texts] of Object.entries(FLOATS)) {
    for (const [text, value] of Object.entries(texts)) {
      const parsed = parseGoFloat(text)
      t.ok(Object.is(parsed, value), `${name}: "${text.slice(0, 40)}" is ${value}`, { parsed })
    }
  }
})

t.test('long texts are parsed in linear time', async t => {
  const length = 200_000
  for (const [name, text] of [
    ['digits, then a letter', `${'1'.repeat(length)}x`],
    ['hexadecimal digits without an exponent', `0x${'a'.repeat(length)}`],
    ['an underscore after each digit', '1_'.repeat(length / 2)],
    ['an exponent of many digits', `1e${'9'.repeat(length)}`]
  ] as const) {
    t.ok(cpuTimeMs(() => t.equal(parseGoFloat(text), undefined, name)) < 1_000, `${name}: in less than 1 s`)
  }
  t.equal(parseGoFloat(`0.${'3'.repeat(length)}`), 1 / 3)
  t.equal(parseGoFloat(`0x${'0'.repeat(length)}1p0`), 1)
  t.equal(parseGoFloat(`0x1${'0'.repeat(length / 4)}p-${length}`), undefined)
})
