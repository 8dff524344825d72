import { execFileSync } from 'node:child_process'
import { type Browser, chromium } from 'playwright-core'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']

/** Starts the installed Chromium. @throws if there is none */
export function launchChromium(): Promise<Browser> {
  // Its sandbox does not work as root and in containers; the tests open only their own files.
  return chromium.launch({ executablePath: findChromium(), args: ['--no-sandbox'] })
}

function findChromium(): string {
  for (const name of NAMES) {
    try {
      return execFileSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).trim()
    } catch {
      // Not on the PATH.
    }
  }
  throw new Error(`no Chromium: none of ${NAMES.join(', ')} is on the PATH; on Debian: apt-get install chromium`)
}
