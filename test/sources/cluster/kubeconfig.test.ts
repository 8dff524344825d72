import { join } from 'node:path'
import { KubeConfig } from '@kubernetes/client-node'
import t from 'tap'
import { stringify } from 'yaml'
import { loadKubeconfig, serverOf } from '../../../src/sources/cluster/kubeconfig.ts'
import { kubeconfig } from '../../support/kubeconfig.ts'

t.test('an invalid kubeconfig is an error', async t => {
  const folder = t.testdir({
    config: kubeconfig('http://127.0.0.1:1', 'here'),
    empty: stringify({ apiVersion: 'v1', kind: 'Config' }),
    broken: '{'
  })
  for (const [name, files, context, message] of [
    ['missing file', ['none'], undefined, /none: ENOENT/],
    ['several missing files', ['none', 'nowhere'], undefined, /none: ENOENT/],
    ['invalid YAML', ['broken'], undefined, /broken: /],
    ['invalid YAML in the second file', ['config', 'broken'], undefined, /broken: /],
    ['no cluster', ['empty'], undefined, /no cluster configured/],
    ['unknown context', ['config'], 'there', /no context there; use one of here$/]
  ] as const) {
    const load = () => loadKubeconfig(KubeConfig, { files: files.map(file => join(folder, file)), context })
    t.throws(load, { name: 'InvalidInput', message }, name)
  }
})

t.test('several files are merged as by kubectl', async t => {
  const other = { clusters: [], users: [], contexts: [] }
  const folder = t.testdir({
    one: kubeconfig('http://127.0.0.1:1', 'one'),
    // A cluster with the name of the first file, and a certificate path relative to the file.
    two: stringify({
      ...other,
      'current-context': 'two',
      clusters: [
        { name: 'cluster', cluster: { server: 'http://127.0.0.1:2' } },
        { name: 'second', cluster: { server: 'http://127.0.0.1:2', 'certificate-authority': 'ca.crt' } }
      ],
      contexts: [{ name: 'two', context: { cluster: 'second', user: 'user' } }]
    }),
    empty: stringify(other)
  })
  const load = (names: readonly string[], context?: string) =>
    loadKubeconfig(KubeConfig, { files: names.map(name => join(folder, name)), context })
  for (const [names, context, expected] of [
    [['one', 'two'], 'one', 'http://127.0.0.1:1'],
    [['two', 'one'], 'two', 'http://127.0.0.1:2'],
    [['none', 'one', 'two'], 'one', 'http://127.0.0.1:1'],
    [['empty', 'two'], 'two', 'http://127.0.0.1:2']
  ] as const) {
    const config = load(names)
    t.equal(config.getCurrentContext(), context, names.join(':'))
    t.equal(serverOf(config), expected)
  }
  t.equal(load(['one', 'two'], 'two').getCurrentCluster()?.caFile, join(folder, 'ca.crt'))
})
