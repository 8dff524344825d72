import { join } from 'node:path'
import { KubeConfig } from '@kubernetes/client-node'
import t from 'tap'
import { stringify } from 'yaml'
import { loadKubeconfig, serverOf } from '../../../src/sources/cluster/kubeconfig.ts'
import { kubeconfig } from '../../support/kubeconfig.ts'

t.test('a kubeconfig that leads nowhere', async t => {
  const folder = t.testdir({
    config: kubeconfig('http://127.0.0.1:1', 'here'),
    empty: stringify({ apiVersion: 'v1', kind: 'Config' }),
    broken: '{'
  })
  for (const [name, files, context, message] of [
    ['a file that is not there', ['none'], undefined, /none: ENOENT/],
    ['none of several that is there', ['none', 'nowhere'], undefined, /none: ENOENT/],
    ['a file that is no YAML', ['broken'], undefined, /broken: /],
    ['a second file that is no YAML', ['config', 'broken'], undefined, /broken: /],
    ['a file without a cluster', ['empty'], undefined, /no cluster configured/],
    ['a context that is not there', ['config'], 'there', /no context there; use one of here$/]
  ] as const) {
    const load = () => loadKubeconfig(KubeConfig, { files: files.map(file => join(folder, file)), context })
    t.throws(load, { name: 'InvalidInput', message }, name)
  }
})

t.test('several files, read as kubectl reads them', async t => {
  const other = { clusters: [], users: [], contexts: [] }
  const folder = t.testdir({
    one: kubeconfig('http://127.0.0.1:1', 'one'),
    // A name that the first has too, with something else behind it, and certificates beside the file.
    two: stringify({
      ...other,
      'current-context': 'two',
      clusters: [
        { name: 'cluster', cluster: { server: 'http://127.0.0.1:2' } },
        { name: 'second', cluster: { server: 'http://127.0.0.1:2', 'certificate-authority': 'ca.crt' } }
      ],
      contexts: [{ name: 'two', context: { cluster: 'second', user: 'user' } }]
    }),
    silent: stringify(other)
  })
  const load = (names: readonly string[], context?: string) =>
    loadKubeconfig(KubeConfig, { files: names.map(name => join(folder, name)), context })
  for (const [names, context, expected] of [
    [['one', 'two'], 'one', 'http://127.0.0.1:1'],
    [['two', 'one'], 'two', 'http://127.0.0.1:2'],
    [['none', 'one', 'two'], 'one', 'http://127.0.0.1:1'],
    [['silent', 'two'], 'two', 'http://127.0.0.1:2']
  ] as const) {
    const config = load(names)
    t.equal(config.getCurrentContext(), context, names.join(':'))
    t.equal(serverOf(config), expected)
  }
  t.equal(load(['one', 'two'], 'two').getCurrentCluster()?.caFile, join(folder, 'ca.crt'))
})
