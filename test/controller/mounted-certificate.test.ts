import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { type KeyPair, lifeOf, makeAuthority, makeLeaf } from '../../src/controller/certificate.ts'
import { type Following, follow, mountedCertificates } from '../../src/controller/mounted-certificate.ts'
import { testClock } from '../support/clock.ts'

const DUTY = { leading: false, settled: undefined }
const life = lifeOf(30, Date.now())
const [authority, other] = await Promise.all(['one', 'other'].map(label => makeAuthority(label, life)))
const leafOf = async (by: KeyPair | undefined) => makeLeaf(by as KeyPair, ['guard.mesh-guard.svc'], life)
const [leaf, next] = [await leafOf(authority), await leafOf(authority)]
const authorities = [authority?.cert ?? '', other?.cert ?? ''] as const
const files = ({ cert, key }: KeyPair, ca: string = authorities[0]) => ({
  'tls.crt': cert,
  'tls.key': key,
  'ca.crt': ca
})

function write(folder: string, contents: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(contents)) writeFileSync(join(folder, name), text)
}

t.test('files that are written anew are taken', async t => {
  const folder = t.testdir(files(leaf))
  const certificates = mountedCertificates(folder, testClock())
  t.same(await certificates.refresh(DUTY), { keyPair: leaf, bundle: authorities[0] })
  writeFileSync(join(folder, 'tls.crt'), next.cert)
  await t.rejects(certificates.refresh(DUTY), { message: `${folder}: tls.crt and tls.key do not belong together` })
  writeFileSync(join(folder, 'tls.key'), next.key)
  t.same(await certificates.refresh(DUTY), { keyPair: next, bundle: authorities[0] })
  write(folder, { 'tls.crt': 'x', 'tls.key': 'y' })
  await t.rejects(certificates.refresh(DUTY), /do not belong together/)
  rmSync(join(folder, 'ca.crt'))
  await t.rejects(certificates.refresh(DUTY), { code: 'ENOENT' })
})

t.test('a link that is turned over, as the kubelet does, is followed', async t => {
  const folder = t.testdir({})
  const publish = (name: string, contents: Readonly<Record<string, string>>) => {
    mkdirSync(join(folder, name))
    write(join(folder, name), contents)
    symlinkSync(name, join(folder, '..data_tmp'))
    renameSync(join(folder, '..data_tmp'), join(folder, '..data'))
  }
  publish('..2026_1', files(leaf))
  for (const name of Object.keys(files(leaf))) symlinkSync(join('..data', name), join(folder, name))
  const certificates = mountedCertificates(folder, testClock())
  t.same((await certificates.refresh(DUTY)).keyPair, leaf)
  publish('..2026_2', files(next))
  rmSync(join(folder, '..2026_1'), { recursive: true })
  t.same((await certificates.refresh(DUTY)).keyPair, next)
})

t.test('an authority is published for a while before its certificate is served', async t => {
  const MINUTE = 60_000
  const one = { keyPair: leaf, authority: authorities[0] }
  const two = { keyPair: await leafOf(other), authority: authorities[1] }
  const bundle = ({ authorities }: Following) => authorities.map(({ pem }) => pem)
  const start = follow(undefined, one, 0)
  t.match([start.keyPair, bundle(start)], [leaf, [authorities[0]]])
  const both = follow(start, two, MINUTE)
  t.same([both.keyPair, bundle(both)], [leaf, [authorities[1], authorities[0]]])
  const waiting = follow(both, two, 5.9 * MINUTE)
  t.same([waiting.keyPair, bundle(waiting)], [leaf, bundle(both)])
  const served = follow(waiting, two, 6 * MINUTE)
  t.same([served.keyPair, bundle(served)], [two.keyPair, bundle(both)])
  const done = follow(served, two, 1441 * MINUTE)
  t.same([done.keyPair, bundle(done)], [two.keyPair, [authorities[1]]], 'a day later the old one is dropped')
  const back = follow(served, one, 7 * MINUTE)
  t.same([back.keyPair, bundle(back)[0]], [leaf, authorities[0]], 'one that is still published can be had back at once')
})
