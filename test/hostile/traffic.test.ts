import t from 'tap'
import { TRAFFIC } from '../support/hostile/traffic.ts'
import { playAll } from '../support/hostile-play.ts'

await playAll(t, TRAFFIC)
