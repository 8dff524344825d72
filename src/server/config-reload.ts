import { createHash } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import type { FastifyBaseLogger } from 'fastify'
import { Counter, Gauge, type Registry } from 'prom-client'
import type { Config } from '../config-schema.ts'
import { exceptionsAt, expiredExceptions } from '../engine/exceptions.ts'
import { messageOf } from '../text/error-message.ts'

/** Source of the configuration. Both functions throw an error with file and line if it is invalid. */
export interface ConfigSource {
  readonly read: () => string
  readonly parse: (text: string) => Config
}

/** Active configuration, replaced as a whole on reload. */
export interface ReloadableConfig {
  readonly current: () => Config
  /** First 16 hex digits of the SHA-256 of the active configuration text. */
  readonly hash: () => string
  /** Number of failed reloads. */
  readonly failures: () => number
  /** False if the last reload failed. */
  readonly isUpToDate: () => boolean
  /**
   * Reloads the configuration if its text has changed and is valid. Polling, because file watchers miss the symlink swap
   * of a mounted ConfigMap.
   */
  readonly refresh: () => void
}

/** Keys whose changes take effect only after a restart. */
export const RESTART_KEYS = ['server', 'mesh', 'controller', 'audit'] as const

/**
 * Loads the configuration. Sets the log level now and on each reload.
 *
 * @throws {InvalidInput} if the initial configuration is invalid
 */
export function watchConfig({ read, parse }: ConfigSource, log: FastifyBaseLogger): ReloadableConfig {
  const first = read()
  const initial = parse(first)
  let previousText: string | Error = first
  let current = initial
  let hash = hashOf(first)
  let failures = 0
  let isUpToDate = true

  const activate = (text: string | Error) => {
    if (typeof text !== 'string') throw text
    const next = parse(text)
    current = {
      ...next,
      server: initial.server,
      mesh: initial.mesh,
      controller: initial.controller,
      audit: initial.audit
    }
    hash = hashOf(text)
    logConfig(current, hash, log)
    logRestartKeys(next, initial, log)
  }
  const refresh = () => {
    const text = readTextOrError(read)
    if (isDeepStrictEqual(text, previousText)) return
    previousText = text
    try {
      activate(text)
      isUpToDate = true
    } catch (error) {
      failures++
      isUpToDate = false
      log.error({ reason: messageOf(error) }, 'configuration reload failed: the previous configuration stays active')
    }
  }

  logConfig(initial, hash, log)
  return {
    current: () => current,
    hash: () => hash,
    failures: () => failures,
    isUpToDate: () => isUpToDate,
    refresh
  }
}

function logConfig({ log: { level }, exceptions }: Config, hash: string, log: FastifyBaseLogger): void {
  log.level = level
  log.info({ hash }, 'configuration loaded')
  for (const { rule, reason } of expiredExceptions(exceptionsAt(exceptions, Date.now()))) {
    log.warn({ rule, reason }, 'exception expired')
  }
}

function logRestartKeys(next: Config, initial: Config, log: FastifyBaseLogger): void {
  const keys = RESTART_KEYS.filter(key => !isDeepStrictEqual(next[key], initial[key]))
  if (keys.length > 0) log.warn({ keys }, 'configuration changed: a restart is required for these keys')
}

/** Text or read error, so that an unchanged error is not logged again. */
function readTextOrError(read: () => string): string | Error {
  try {
    return read()
  } catch (error) {
    return error as Error
  }
}

const hashOf = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 16)

export function registerConfigMetrics(registry: Registry, configuration: ReloadableConfig): void {
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
