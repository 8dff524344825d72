import { COMBINED } from './hostile/combined.ts'
import { CORE } from './hostile/core.ts'
import { KSERVE } from './hostile/kserve.ts'
import { NETWORKING } from './hostile/networking.ts'
import type { HostileInput } from './hostile/row.ts'
import { SECURITY } from './hostile/security.ts'

export { type HostileInput, type Manifest, toJson } from './hostile/row.ts'

/**
 * For each kind that is read, the largest and nastiest objects that somebody may send. A kube-apiserver takes 3 MiB a
 * request and etcd 1.5 MiB an object; annotations have 256 KiB in all, ConfigMaps 1 MiB, values of labels 63 characters,
 * and names 253; beyond that, the schemas of Istio's and KServe's CRDs count.
 */
export const HOSTILE_INPUTS: readonly HostileInput[] = [...KSERVE, ...NETWORKING, ...SECURITY, ...CORE, ...COMBINED]
