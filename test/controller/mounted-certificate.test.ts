import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { createCa, issueServingCertificate, type KeyPair, validityOf } from '../../src/controller/certificate.ts'
import {
  type CertificateHistory,
  mountedCertificateSource,
  trackCertificate
} from '../../src/controller/mounted-certificate.ts'
import { testClock } from '../support/clock.ts'

const ROLE = { isLeader: false, publishedBundle: undefined }
const life = validityOf(30, Date.now())
const [ca, other] = await Promise.all(['one', 'other'].map(label => createCa(label, life)))
const leafOf = async (by: KeyPair | undefined) => issueServingCertificate(by as KeyPair, ['guard.mesh-guard.svc'], life)
const [serving, next] = [await leafOf(ca), await leafOf(ca)]
const cas = [ca?.cert ?? '', other?.cert ?? ''] as const
const files = ({ cert, key }: KeyPair, ca: string = cas[0]) => ({
  'tls.crt': cert,
  'tls.key': key,
  'ca.crt': ca
})

function write(folder: string, contents: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(contents)) writeFileSync(join(folder, name), text)
}

t.test('changed files are reloaded', async t => {
  const folder = t.testdir(files(serving))
  const certificates = mountedCertificateSource(folder, testClock())
  t.same(await certificates.refresh(ROLE), { keyPair: serving, caBundle: cas[0] })
  writeFileSync(join(folder, 'tls.crt'), next.cert)
  await t.rejects(certificates.refresh(ROLE), { message: `${folder}: tls.crt and tls.key do not belong together` })
  writeFileSync(join(folder, 'tls.key'), next.key)
  t.same(await certificates.refresh(ROLE), { keyPair: next, caBundle: cas[0] })
  write(folder, { 'tls.crt': 'x', 'tls.key': 'y' })
  await t.rejects(certificates.refresh(ROLE), /do not belong together/)
  rmSync(join(folder, 'ca.crt'))
  await t.rejects(certificates.refresh(ROLE), { code: 'ENOENT' })
})

t.test('symlink swap of the kubelet is followed', async t => {
  const folder = t.testdir({})
  const publish = (name: string, contents: Readonly<Record<string, string>>) => {
    mkdirSync(join(folder, name))
    write(join(folder, name), contents)
    symlinkSync(name, join(folder, '..data_tmp'))
    renameSync(join(folder, '..data_tmp'), join(folder, '..data'))
  }
  publish('..2026_1', files(serving))
  for (const name of Object.keys(files(serving))) symlinkSync(join('..data', name), join(folder, name))
  const certificates = mountedCertificateSource(folder, testClock())
  t.same((await certificates.refresh(ROLE)).keyPair, serving)
  publish('..2026_2', files(next))
  rmSync(join(folder, '..2026_1'), { recursive: true })
  t.same((await certificates.refresh(ROLE)).keyPair, next)
})

t.test('new CA is published before its certificate is served', async t => {
  const MINUTE = 60_000
  const one = { keyPair: serving, ca: cas[0] }
  const two = { keyPair: await leafOf(other), ca: cas[1] }
  const caBundle = ({ cas }: CertificateHistory) => cas.map(({ pem }) => pem)
  const start = trackCertificate(undefined, one, 0)
  t.match([start.keyPair, caBundle(start)], [serving, [cas[0]]])
  const both = trackCertificate(start, two, MINUTE)
  t.same([both.keyPair, caBundle(both)], [serving, [cas[1], cas[0]]])
  const waiting = trackCertificate(both, two, 5.9 * MINUTE)
  t.same([waiting.keyPair, caBundle(waiting)], [serving, caBundle(both)])
  const served = trackCertificate(waiting, two, 6 * MINUTE)
  t.same([served.keyPair, caBundle(served)], [two.keyPair, caBundle(both)])
  const done = trackCertificate(served, two, 1441 * MINUTE)
  t.same([done.keyPair, caBundle(done)], [two.keyPair, [cas[1]]], 'old CA is dropped a day later')
  const back = trackCertificate(served, one, 7 * MINUTE)
  t.same([back.keyPair, caBundle(back)[0]], [serving, cas[0]], 'certificate of a published CA is served at once')
})
