import t from 'tap'
import { NETWORKING } from '../support/hostile/networking.ts'
import { playAll } from '../support/hostile-play.ts'

await playAll(t, NETWORKING)
