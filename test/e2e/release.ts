import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PRESENT, type Release, type Test } from './installation.ts'

const root = join(import.meta.dirname, '../..')
/** The first commit whose guard was upgraded by Helm while it was at work. */
const OLD = '2ea7a48b82892ca66309972783d4bb2331d94fec'

/** An older release, built from its own code. Where the history lacks it, the present one under an older version. */
export function olderRelease({ teardown, comment }: Test): Release {
  const folder = mkdtempSync(join(tmpdir(), 'mesh-guard-e2e-release-'))
  teardown(() => rmSync(folder, { recursive: true }))
  try {
    execFileSync('git', ['cat-file', '-e', `${OLD}^{commit}`], { cwd: root, stdio: 'pipe' })
  } catch (error) {
    comment(`${OLD} cannot be had (a shallow clone has no history), so the present release is the older one: ${error}`)
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
  // With the packages of its own time.
  execFileSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: folder, stdio: 'pipe' })
  execFileSync(process.execPath, ['scripts/bundle.ts'], { cwd: folder })
  return { chart: join(folder, 'charts/kserve-mesh-guard'), program: join(folder, 'dist/main.js') }
}

function relabelled(folder: string): Release {
  const chart = join(folder, 'chart')
  mkdirSync(chart)
  cpSync(PRESENT.chart, chart, { recursive: true })
  const about = join(chart, 'Chart.yaml')
  writeFileSync(about, readFileSync(about, 'utf8').replaceAll(/^((?:appV|v)ersion:).*/gm, '$1 0.0.1'))
  return { ...PRESENT, chart }
}
