import { COMBINED } from './hostile/combined.ts'
import { CORE } from './hostile/core.ts'
import { KSERVE } from './hostile/kserve.ts'
import { NETWORKING } from './hostile/networking.ts'
import type { HostileInput } from './hostile/row.ts'
import { SECURITY } from './hostile/security.ts'
import { TRAFFIC } from './hostile/traffic.ts'

export { type HostileInput, type Manifest, toJson } from './hostile/row.ts'

/**
 * The largest and most hostile objects of each kind that is read. Limits: 3 MiB per request, 1.5 MiB per object in etcd,
 * 256 KiB of annotations, 1 MiB per ConfigMap, 63 characters per label value, 253 per name, and the schemas of the CRDs.
 */
export const HOSTILE_INPUTS: readonly HostileInput[] = [
  ...KSERVE,
  ...NETWORKING,
  ...SECURITY,
  ...TRAFFIC,
  ...CORE,
  ...COMBINED
]
