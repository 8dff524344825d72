import t from 'tap'
import { KSERVE } from '../support/hostile/kserve.ts'
import { playAll } from '../support/hostile-play.ts'

await playAll(t, KSERVE)
