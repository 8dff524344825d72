import { createHash } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import type { FastifyBaseLogger } from 'fastify'
import { Counter, Gauge, type Registry } from 'prom-client'
import type { Config } from '../config-schema.ts'
import { exceptionsAt, expiredExceptions } from '../engine/exceptions.ts'

/** Where the configuration is written down. Both throw, with file and line, where it cannot be used. */
export interface Written {
  readonly read: () => string
  readonly parse: (text: string) => Config
}

/** The configuration that is in force, which may be replaced as a whole. */
export interface Configuration {
  readonly current: () => Config
  /** Of the text that it was read from. */
  readonly hash: () => string
  /** How often a new text could not be used. */
  readonly failures: () => number
  /** False while what is written down is not what is in force. */
  readonly isUpToDate: () => boolean
  /**
   * Reads the text again, and takes it when it is another one and can be used. The content is what counts, not who
   * tells of a change: a ConfigMap is changed by turning a link over, of which watchers of the file hear nothing.
   */
  readonly refresh: () => void
}

/** What was made of these at the start cannot be made anew while we run. */
export const NEED_RESTART = ['server', 'mesh', 'controller', 'audit'] as const

/**
 * Reads the configuration for the first time. It sets the level of the log, then and later.
 *
 * @throws {InvalidInput} when there is no good one to begin with
 */
export function openConfiguration({ read, parse }: Written, log: FastifyBaseLogger): Configuration {
  const first = read()
  const started = parse(first)
  let seen: string | Error = first
  let current = started
  let hash = hashOf(first)
  let failures = 0
  let isUpToDate = true

  const replace = (text: string | Error) => {
    if (typeof text !== 'string') throw text
    const next = parse(text)
    current = {
      ...next,
      server: started.server,
      mesh: started.mesh,
      controller: started.controller,
      audit: started.audit
    }
    hash = hashOf(text)
    announce(current, hash, log)
    warnOfRestart(next, started, log)
  }
  const refresh = () => {
    const text = contentOf(read)
    if (isDeepStrictEqual(text, seen)) return
    seen = text
    try {
      replace(text)
      isUpToDate = true
    } catch (error) {
      failures++
      isUpToDate = false
      log.error(
        { reason: (error as Error).message },
        'configuration reload failed: the previous configuration stays active'
      )
    }
  }

  announce(started, hash, log)
  return {
    current: () => current,
    hash: () => hash,
    failures: () => failures,
    isUpToDate: () => isUpToDate,
    refresh
  }
}

function announce({ log: { level }, exceptions }: Config, hash: string, log: FastifyBaseLogger): void {
  log.level = level
  log.info({ hash }, 'configuration loaded')
  for (const { rule, reason } of expiredExceptions(exceptionsAt(exceptions, Date.now()))) {
    log.warn({ rule, reason }, 'exception expired')
  }
}

function warnOfRestart(next: Config, started: Config, log: FastifyBaseLogger): void {
  const keys = NEED_RESTART.filter(key => !isDeepStrictEqual(next[key], started[key]))
  if (keys.length > 0) log.warn({ keys }, 'configuration changed: a restart is required for these keys')
}

/** The same fault twice is no news, as the same text is none. */
function contentOf(read: () => string): string | Error {
  try {
    return read()
  } catch (error) {
    return error as Error
  }
}

const hashOf = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 16)

export function measureConfiguration(registry: Registry, configuration: Configuration): void {
  const registers = [registry]
  new Gauge({
    name: 'mesh_guard_config_info',
    help: 'Always 1, labeled with the first 16 hex digits of the SHA-256 of the active configuration file',
    labelNames: ['hash'],
    registers,
    collect() {
      this.reset()
      this.set({ hash: configuration.hash() }, 1)
    }
  })
  new Gauge({
    name: 'mesh_guard_config_last_reload_successful',
    help: '1 if the configuration file was loaded, 0 if it is invalid and the previous one stays active',
    registers,
    collect() {
      this.set(configuration.isUpToDate() ? 1 : 0)
    }
  })
  new Counter({
    name: 'mesh_guard_config_reload_failures_total',
    help: 'Configuration reloads that failed',
    registers,
    collect() {
      this.reset()
      this.inc(configuration.failures())
    }
  })
}
