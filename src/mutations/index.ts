import { burstCapacity } from './burst-capacity.ts'
import type { Mutation } from './mutation.ts'
import { sidecar } from './sidecar.ts'

export const MUTATIONS: readonly Mutation[] = [sidecar, burstCapacity]
