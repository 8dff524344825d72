import t from 'tap'
import { SECURITY } from '../support/hostile/security.ts'
import { playAll } from '../support/hostile-play.ts'

await playAll(t, SECURITY)
