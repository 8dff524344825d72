import t from 'tap'
import { COMBINED } from '../support/hostile/combined.ts'
import { playAll } from '../support/hostile-play.ts'

await playAll(t, COMBINED)
