import t from 'tap'
import { budgetMs } from '../../src/server/budget.ts'

t.test('evaluation budget is the timeout of the API server minus a margin', async t => {
  for (const [timeout, expected] of [
    ['5s', 4_500],
    ['30s', 27_000],
    ['2s', 1_700],
    ['0.5s', 200],
    ['0.1s', 0],
    ['0s', 0],
    [undefined, 9_000],
    ['soon', 9_000],
    ['5m', 9_000],
    [['5s', '6s'], 9_000]
  ] as const) {
    t.equal(budgetMs({ query: { timeout } }), expected, String(timeout))
  }
})
