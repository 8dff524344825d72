import t from 'tap'
import { CORE } from '../support/hostile/core.ts'
import { playAll } from '../support/hostile-play.ts'

await playAll(t, CORE)
