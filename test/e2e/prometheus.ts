/** Prometheus on loopback, with the alert rules of the chart. */
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { stringify } from 'yaml'
import { findInstalled } from './assets.ts'
import { end, freePorts, startDaemon } from './control-plane.ts'
import type { Test } from './installation.ts'

export interface Alert {
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly state: 'pending' | 'firing'
}

export interface Rule {
  readonly name: string
  readonly health: string
  readonly lastError?: string
}

export interface Prometheus {
  /** Replaces the addresses that are scraped. */
  readonly scrape: (...addresses: readonly string[]) => void
  /** Values of an instant query. @throws if the query is invalid */
  readonly query: (expr: string) => Promise<readonly number[]>
  /** Alerts of that name that fire. */
  readonly firing: (name: string) => Promise<readonly Alert[]>
  readonly rules: () => Promise<readonly Rule[]>
}

/** @param rules content of a rule file */
export async function startPrometheus({ teardown }: Test, rules: string): Promise<Prometheus> {
  const program = findInstalled('prometheus')
  const folder = mkdtempSync(join(tmpdir(), 'mesh-guard-e2e-prometheus-'))
  const file = (name: string) => join(folder, name)
  const [port = 0] = await freePorts(1)
  const scrape: Prometheus['scrape'] = (...addresses) => {
    const targets = addresses.map(address => new URL(address).host)
    writeFileSync(file('targets.json.new'), JSON.stringify([{ targets }]))
    renameSync(file('targets.json.new'), file('targets.json'))
  }
  scrape()
  writeFileSync(file('rules.yaml'), rules)
  const discovery = [{ files: [file('targets.json')], refresh_interval: '1s' }]
  writeFileSync(
    file('prometheus.yaml'),
    stringify({
      global: { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' },
      rule_files: [file('rules.yaml')],
      scrape_configs: [{ job_name: 'kserve-mesh-guard', file_sd_configs: discovery }]
    })
  )
  const flags = {
    'config.file': file('prometheus.yaml'),
    'storage.tsdb.path': file('data'),
    'web.listen-address': `127.0.0.1:${port}`,
    'log.level': 'warn'
  }
  const child = startDaemon(program, flags, file('log'))
  teardown(async () => {
    await end(child)
    rmSync(folder, { recursive: true })
  })
  const address = `http://127.0.0.1:${port}`
  while (!(await isReady(address))) {
    if (child.exitCode !== null) throw new Error(`prometheus does not start:\n${readFileSync(file('log'), 'utf8')}`)
    await sleep(100)
  }
  return { scrape, ...clientOf(address) }
}

const isReady = (address: string) =>
  fetch(`${address}/-/ready`).then(
    ({ ok }) => ok,
    () => false
  )

interface Answer<T> {
  readonly status: 'success' | 'error'
  readonly error?: string
  readonly data: T
}

interface QueryResult {
  readonly resultType: 'vector' | 'scalar'
  readonly result: readonly { readonly value: readonly [number, string] }[] | readonly [number, string]
}

/** @see https://prometheus.io/docs/prometheus/2.42/querying/api/ */
function clientOf(address: string): Pick<Prometheus, 'query' | 'firing' | 'rules'> {
  const ask = async <T>(path: string): Promise<T> => {
    const { status, error, data } = (await (await fetch(`${address}/api/v1/${path}`)).json()) as Answer<T>
    if (status === 'error') throw new Error(`${decodeURIComponent(path)}: ${error}`)
    return data
  }
  return {
    query: async expr => {
      const { resultType, result } = await ask<QueryResult>(`query?query=${encodeURIComponent(expr)}`)
      const samples = resultType === 'scalar' ? [{ value: result }] : result
      return (samples as readonly { readonly value: readonly [number, string] }[]).map(({ value }) => Number(value[1]))
    },
    firing: async name => {
      const { alerts } = await ask<{ readonly alerts: readonly Alert[] }>('alerts')
      return alerts.filter(({ labels, state }) => labels['alertname'] === name && state === 'firing')
    },
    rules: async () => {
      const { groups } = await ask<{ readonly groups: readonly { readonly rules: readonly Rule[] }[] }>('rules')
      return groups.flatMap(({ rules }) => rules)
    }
  }
}
