import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CURRENT, type Release, type Test } from './installation.ts'

const root = join(import.meta.dirname, '../..')
/** First commit from which an upgrade with Helm is supported. */
const OLD = '2ea7a48b82892ca66309972783d4bb2331d94fec'

/** Older release, built from its commit; without history, the current one with an older version. */
export function olderRelease({ teardown, comment }: Test): Release {
  const folder = mkdtempSync(join(tmpdir(), 'mesh-guard-e2e-release-'))
  teardown(() => rmSync(folder, { recursive: true }))
  try {
    execFileSync('git', ['cat-file', '-e', `${OLD}^{commit}`], { cwd: root, stdio: 'pipe' })
  } catch (error) {
    comment(`${OLD} is not in the history (shallow clone), using the current release as the older one: ${error}`)
    return relabelled(folder)
  }
  const archive = execFileSync(
    'git',
    ['archive', OLD, 'charts', 'src', 'scripts', 'package.json', 'package-lock.json'],
    {
      cwd: root,
      maxBuffer: 1e8
    }
  )
  execFileSync('tar', ['-x', '-C', folder], { input: archive })
  // Dependencies of that commit.
  execFileSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: folder, stdio: 'pipe' })
  execFileSync(process.execPath, ['scripts/bundle.ts'], { cwd: folder })
  return { chart: join(folder, 'charts/kserve-mesh-guard'), program: join(folder, 'dist/main.js') }
}

function relabelled(folder: string): Release {
  const chart = join(folder, 'chart')
  mkdirSync(chart)
  cpSync(CURRENT.chart, chart, { recursive: true })
  const about = join(chart, 'Chart.yaml')
  writeFileSync(about, readFileSync(about, 'utf8').replaceAll(/^((?:appV|v)ersion:).*/gm, '$1 0.0.1'))
  return { ...CURRENT, chart }
}
