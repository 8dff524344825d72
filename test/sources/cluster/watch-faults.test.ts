import t from 'tap'
import { testFaults } from '../../support/fault.ts'
import { WATCH_FAULTS } from '../../support/watch-faults.ts'

testFaults(t, WATCH_FAULTS)
