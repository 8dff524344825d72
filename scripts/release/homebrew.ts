import { COMPLETE } from '../../src/cli/completion-command.ts'
import { PROGRAM } from './executable.ts'
import type { Manifest } from './lib.ts'
import type { Download } from './manifests.ts'

const BLOCKS = [
  ['darwin', 'on_macos'],
  ['linux', 'on_linux']
] as const
const ARCH_BLOCK = { x64: 'on_intel', arm64: 'on_arm' } as const

/** Formula of a Homebrew tap. Windows is not a platform of Homebrew. */
export function toFormula({ version, license, homepage }: Manifest, downloads: readonly Download[]): string {
  const platforms = BLOCKS.flatMap(([os, block]) => {
    const found = downloads.filter(({ platform }) => platform.os === os)
    return found.length === 0 ? [] : [`  ${block} do`, ...found.flatMap(toArchitecture), '  end', '']
  })
  return `class MeshGuard < Formula
  desc "Detect changes that break request paths to KServe models"
  homepage "${homepage}"
  version "${version}"
  license "${license}"

${platforms.join('\n')}
  def install
    bin.install "${PROGRAM}"
    bin.install_symlink "${PROGRAM}" => "kubectl-mesh_guard"
    (bin/"kubectl_complete-mesh_guard").write <<~SH
      #!/bin/sh
      exec ${PROGRAM} ${COMPLETE} -- "$@"
    SH
    generate_completions_from_executable(bin/"${PROGRAM}", "completion")
  end

  test do
    assert_equal version.to_s, shell_output("#{bin}/${PROGRAM} --version").strip
  end
end
`
}

const toArchitecture = ({ platform, url, sha256 }: Download) => [
  `    ${ARCH_BLOCK[platform.cpu]} do`,
  `      url "${url}"`,
  `      sha256 "${sha256}"`,
  '    end'
]
