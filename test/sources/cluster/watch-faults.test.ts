import t from 'tap'
import { playFaults } from '../../support/fault.ts'
import { WATCH_FAULTS } from '../../support/watch-faults.ts'

playFaults(t, WATCH_FAULTS)
